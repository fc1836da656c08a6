//! What parsing a real query costs: the mean over the expressions of rules in `queries.txt`, and two typical ones.
//!
//! `benches/parse` runs this and, in the same go, Prometheus's own parser over the same file.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promql_guard::promql::{Options, parse};

const QUERIES: &str = include_str!("queries.txt");

fn queries(criterion: &mut Criterion) {
    let queries: Vec<&str> = QUERIES.trim_end().split("\n---\n").skip(1).collect();
    assert!(
        queries
            .iter()
            .all(|query| parse(query, Options::default()).is_ok())
    );
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(queries.len() as u64));
    group.bench_function("queries", |bencher| {
        bencher.iter(|| {
            for query in &queries {
                let _ = black_box(parse(black_box(query), Options::default()));
            }
        });
    });
    group.throughput(Throughput::Elements(1));
    for (name, query) in [
        (
            "regexp",
            r#"sum by (job) (rate(x{job="api",code=~"5.."}[5m]))"#,
        ),
        (
            "plain",
            r#"sum by (job) (rate(x{job="api",code="500"}[5m]))"#,
        ),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(parse(black_box(query), Options::default())));
        });
    }
    group.finish();
}

criterion_group!(benches, queries);
criterion_main!(benches);

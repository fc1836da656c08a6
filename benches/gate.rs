//! What linting costs: a typical gate as it was read and from its YAML, and a template of three.
//!
//! `benches/lint` measures the whole program over thousands of files.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use promql_guard::analysis::input::Input;
use promql_guard::lint::context::Context;
use promql_guard::lint::index::Index;
use promql_guard::lint::run::lint;
use promql_guard::lint::settings::Settings;
use promql_guard::manifest::read::read;
use promql_guard::rules::ALL;

const HEAD: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata:
  name: web
  namespace: shop
spec:
  args:
  - name: canary-hash
  metrics:
";

/// A share of errors as most gates ask for one.
const ERRORS: &str = r#"
  - name: error-share
    interval: 1m
    count: 5
    failureLimit: 1
    successCondition: len(result) > 0 && result[0] < 0.05
    provider:
      prometheus:
        address: http://prometheus.monitoring:9090
        query: |
          sum(rate(http_requests_total{namespace="shop",pod=~"web-{{args.canary-hash}}-.*",code=~"5.."}[5m]))
          /
          sum(rate(http_requests_total{namespace="shop",pod=~"web-{{args.canary-hash}}-.*"}[5m]))
"#;

const LATENCY: &str = r#"
  - name: latency
    interval: 1m
    count: 5
    failureLimit: 1
    successCondition: len(result) > 0 && result[0] <= 0.5
    provider:
      prometheus:
        address: http://prometheus.monitoring:9090
        query: |
          histogram_quantile(0.95, sum by (le) (
            rate(http_request_duration_seconds_bucket{namespace="shop",pod=~"web-{{args.canary-hash}}-.*"}[5m])
          ))
"#;

const TRAFFIC: &str = r#"
  - name: traffic
    interval: 1m
    count: 5
    failureLimit: 1
    successCondition: len(result) > 0 && result[0] >= 1
    provider:
      prometheus:
        address: http://prometheus.monitoring:9090
        query: sum(rate(http_requests_total{namespace="shop",pod=~"web-{{args.canary-hash}}-.*"}[5m]))
"#;

fn gates(criterion: &mut Criterion) {
    let settings = Settings {
        scrape_interval: Some(Duration::from_secs(30)),
        ..Settings::default()
    };
    let mut group = criterion.benchmark_group("lint");
    for (name, metrics) in [
        ("gate", vec![ERRORS]),
        ("template of three gates", vec![ERRORS, LATENCY, TRAFFIC]),
    ] {
        let text = format!("{HEAD}{}", metrics.concat());
        let input = read(0, &text).input;
        assert_eq!(input.templates[0].metrics.len(), metrics.len());
        let linted = |input: &Input| {
            let index = Index::new(input);
            let context = Context {
                input,
                settings: &settings,
                index: &index,
            };
            lint(context, ALL)
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(linted(black_box(&input))));
        });
        group.bench_function(format!("{name}, from YAML"), |bencher| {
            bencher.iter(|| black_box(linted(&read(0, black_box(&text)).input)));
        });
    }
    group.finish();
}

criterion_group!(benches, gates);
criterion_main!(benches);

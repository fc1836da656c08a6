//! An answer and what the conditions say of it into the questions that must be asked before it counts.

use crate::analysis::measurement::Phase;
use crate::prometheus::Data;
use crate::promql::answer::{Constant, without_data};
use crate::promql::ast::Expr;

/// What an answer is to the guard rails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No series.
    Empty,
    /// Every point is NaN.
    Nan,
    /// What the text answers when every selector is empty.
    Constant,
    /// A number that may rest on data.
    Numbers,
}

/// What `data` is for a text whose answer without any data is `constant`, a number without labels, but for `absent`, which
/// gives it those of its selector.
pub(super) fn kind(data: &Data, constant: Option<f64>, has_absent: bool) -> Kind {
    let is_constant = |points: &[f64]| points.iter().all(|point| Some(*point) == constant);
    let of = |points: &[f64], is_bare: bool| match points {
        [] => Kind::Empty,
        _ if points.iter().all(|point| point.is_nan()) => Kind::Nan,
        _ if is_bare && is_constant(points) => Kind::Constant,
        _ => Kind::Numbers,
    };
    match data {
        Data::Scalar(number) => of(&[*number], true),
        Data::Vector(samples) => {
            let points: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
            let is_bare =
                matches!(samples.as_slice(), [only] if has_absent || only.labels.is_empty());
            of(&points, is_bare)
        }
        Data::Matrix(series) => {
            let points: Vec<f64> = series
                .iter()
                .flat_map(|one| one.values.iter().copied())
                .collect();
            let is_bare =
                matches!(series.as_slice(), [only] if has_absent || only.labels.is_empty());
            of(&points, is_bare)
        }
        Data::String => Kind::Numbers,
    }
}

/// What is known of the text and the settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// The text selects data.
    pub(super) has_selectors: bool,
    /// Nothing could answer in place of data.
    pub(super) is_own_witness: bool,
    /// `minEvents`
    pub(super) min_events: Option<u64>,
    /// `eventsQuery` is set.
    pub(super) has_events_query: bool,
    /// Events can be counted.
    pub(super) has_events: bool,
    /// Every number of the answer is what the text answers when nothing happens.
    pub(super) is_idle: bool,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Needs {
    /// The text without what could answer in place of data.
    pub(super) witness: bool,
    /// At least so many events.
    pub(super) events: Option<u64>,
}

/// What an answer of this kind needs, of which the conditions say `verdict`.
pub(super) fn needs(kind: Kind, verdict: &Phase, known: Known) -> Needs {
    if !known.has_selectors {
        return Needs::default();
    }
    let decides_for = *verdict != Phase::Failed;
    let witness = !known.is_own_witness && (kind != Kind::Numbers || decides_for);
    let passes_idle = *verdict == Phase::Successful && known.is_idle;
    let usual = (passes_idle && known.has_events).then_some(1);
    let stands_in = (known.has_events_query && witness).then_some(1);
    let events = match known.min_events {
        Some(0) => stands_in,
        Some(least) => Some(least),
        None => usual.or(stands_in),
    };
    Needs {
        witness: witness && !known.has_events_query,
        events,
    }
}

/// Whether the answer holds no number but what the text answers when nothing happens; NaN is none.
pub(super) fn is_idle(data: &Data, idle: Option<f64>) -> bool {
    let is = |point: f64| point.is_nan() || Some(point) == idle;
    match data {
        Data::Scalar(number) => is(*number),
        Data::Vector(samples) => samples.iter().all(|sample| is(sample.value)),
        Data::Matrix(series) => series
            .iter()
            .all(|one| one.values.iter().all(|point| is(*point))),
        Data::String => false,
    }
}

/// Whether `absent` stands in the text.
pub(super) fn has_absent(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |node| {
        found |= ["absent", "absent_over_time"]
            .iter()
            .any(|name| node.call(name).is_some());
    });
    found
}

/// Whether an `eventsQuery` counts an event where there are no data, or may for all that is known: `sum(x) or vector(time())`.
/// Then it is evidence of nothing.
pub(super) fn is_enough_without_data(expr: &Expr) -> bool {
    match without_data(expr) {
        Constant::Value(events) => events >= 1.0,
        Constant::Empty => false,
        Constant::Unknown => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known {
        has_selectors: true,
        is_own_witness: false,
        min_events: None,
        has_events_query: false,
        has_events: true,
        is_idle: false,
    };

    /// The table of the measurement's second step: which of the questions an answer needs. What must be fresh hangs on the
    /// run's age, not on the answer.
    #[test]
    fn an_answer_needs_what_its_table_says() {
        let own = Known {
            is_own_witness: true,
            ..KNOWN
        };
        let idle = Known {
            is_idle: true,
            ..KNOWN
        };
        let zero = Known {
            min_events: Some(0),
            ..idle
        };
        let fifty = Known {
            min_events: Some(50),
            ..KNOWN
        };
        let query = Known {
            has_events_query: true,
            ..KNOWN
        };
        let query_zero = Known {
            min_events: Some(0),
            ..query
        };
        let query_fifty = Known {
            min_events: Some(50),
            ..query
        };
        let bare = Known {
            has_selectors: false,
            ..KNOWN
        };
        for (kind, verdict, known, told) in [
            (Kind::Empty, Phase::Error, KNOWN, "witness"),
            (Kind::Empty, Phase::Error, own, ""),
            (Kind::Nan, Phase::Failed, KNOWN, "witness"),
            (Kind::Constant, Phase::Successful, KNOWN, "witness"),
            (Kind::Constant, Phase::Successful, idle, "witness events 1"),
            (Kind::Constant, Phase::Failed, idle, "witness"),
            (Kind::Constant, Phase::Successful, zero, "witness"),
            (Kind::Numbers, Phase::Failed, KNOWN, ""),
            (Kind::Numbers, Phase::Failed, fifty, "events 50"),
            (Kind::Numbers, Phase::Successful, KNOWN, "witness"),
            (Kind::Numbers, Phase::Successful, own, ""),
            (Kind::Numbers, Phase::Inconclusive, KNOWN, "witness"),
            (Kind::Constant, Phase::Successful, query, "events 1"),
            (Kind::Constant, Phase::Successful, query_zero, "events 1"),
            (Kind::Constant, Phase::Successful, query_fifty, "events 50"),
            (Kind::Numbers, Phase::Failed, query, ""),
            (Kind::Numbers, Phase::Successful, bare, ""),
        ] {
            let found = needs(kind, &verdict, known);
            let mut words = Vec::new();
            words.extend(found.witness.then(|| "witness".to_owned()));
            words.extend(found.events.map(|least| format!("events {least}")));
            assert_eq!(words.join(" "), told, "{kind:?} {verdict} {known:?}");
        }
    }

    #[test]
    fn events_are_counted_by_data_alone() {
        use crate::promql::{Features, Options, parse};

        for (query, expected) in [
            ("sum(increase(x[5m]))", false),
            ("sum(increase(x[5m])) or vector(0)", false),
            ("sum(increase(a[5m])) + sum(increase(b[5m]))", false),
            ("sum(histogram_count(increase(x[5m])))", false),
            ("sum(round(increase(x[5m]))) > 5", false),
            ("sum(label_replace(x, \"a\", \"b\", \"\", \"\"))", false),
            ("sum(max_over_time(x[5m]))", false),
            ("sum(sort_by_label(x, \"a\"))", false),
            ("sum(mad_over_time(x[5m]))", false),
            ("sum(topk(3, x))", false),
            ("quantile(0.9, x)", false),
            ("sum(info(x))", false),
            ("count(x)", false),
            ("scalar(sum(x))", false),
            ("vector(9)", true),
            ("time()", true),
            ("sum(x) or vector(9)", true),
            ("sum(x) or vector(time())", true),
            ("sum(x) or hour() + 1", true),
            ("sum(x) or info(vector(9), {a=\"b\"})", true),
            ("absent(x)", true),
        ] {
            let options = Options {
                features: Features::All,
                holes: &[],
            };
            let expr = parse(query, options).expect("a query").expr;
            assert_eq!(is_enough_without_data(&expr), expected, "{query}");
        }
    }
}

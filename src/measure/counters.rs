//! Measurements into counts, and the counts into Prometheus's text format.
//!
//! Every label's values are a closed list of words: no namespace, no name, nothing that a template could write. So there
//! are some hundreds of series at most, and what never happened has none, but for those that a rule would ask for first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::analysis::measurement::Phase;
use crate::analysis::settings::{GUARDS, Guard};
use crate::evidence::outcome::Outcome;
use crate::rules::ALL;

/// What happened since the process began.
#[derive(Debug)]
pub struct Counters {
    counts: Mutex<BTreeMap<(Family, [&'static str; 3]), u64>>,
}

/// What is counted of one answer, beside its phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) guard: Guard,
    pub(super) outcome: Outcome,
    /// What enforce would have answered, under observe.
    pub(super) would_be: Option<(Phase, Outcome)>,
    /// Lines of findings, each begins with its rule.
    pub(super) denied: Vec<String>,
    pub(super) warned: Vec<String>,
}

impl Tally {
    /// Of an answer without guard rails, or of which nothing else is known.
    pub(super) fn of(guard: Guard, outcome: Outcome) -> Self {
        Tally {
            guard,
            outcome,
            would_be: None,
            denied: Vec::new(),
            warned: Vec::new(),
        }
    }
}

/// What a request to a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// The query itself.
    Query,
    /// What stands behind its answer.
    Evidence,
    /// Whether an exporter was heard.
    Heard,
    /// Why there are no data.
    Cause,
    /// The server's index.
    LookUp,
}

impl Request {
    fn as_str(self) -> &'static str {
        match self {
            Request::Query => "query",
            Request::Evidence => "evidence",
            Request::Heard => "heard",
            Request::Cause => "cause",
            Request::LookUp => "look-up",
        }
    }
}

/// Counters of one name, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Measurements,
    WouldBe,
    Findings,
    Requests,
}

impl Family {
    const ALL: [Family; 4] = [
        Family::Measurements,
        Family::WouldBe,
        Family::Findings,
        Family::Requests,
    ];

    /// Name, help, and the names of the labels that it has.
    fn words(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Family::Measurements => (
                "promql_guard_measurements_total",
                "Measurements answered; Running is one that waits for data.",
                &["guard", "phase", "outcome"],
            ),
            Family::WouldBe => (
                "promql_guard_would_be_total",
                "Measurements under observe, and what enforce would have answered.",
                &["phase", "would_be", "outcome"],
            ),
            Family::Findings => (
                "promql_guard_findings_total",
                "What rules said of metrics when they were measured.",
                &["rule", "level"],
            ),
            Family::Requests => (
                "promql_guard_requests_total",
                "Requests to Prometheus servers.",
                &["for", "result"],
            ),
        }
    }
}

impl Default for Counters {
    /// With those series at 0 that alerts look at: a counter that is born with its first event has no increase then.
    fn default() -> Self {
        let mut counts = BTreeMap::new();
        let phases = [
            Phase::Successful,
            Phase::Failed,
            Phase::Inconclusive,
            Phase::Error,
        ];
        let born = |guard| match guard {
            Guard::Enforce => Outcome::Data.as_str(),
            Guard::Observe | Guard::Off => "",
        };
        for (guard, kind) in GUARDS {
            for phase in &phases {
                let labels = [guard, word(phase), born(kind)];
                counts.insert((Family::Measurements, labels), 0);
            }
        }
        for result in ["answered", "failed"] {
            let labels = [Request::Query.as_str(), result, ""];
            counts.insert((Family::Requests, labels), 0);
        }
        Counters {
            counts: Mutex::new(counts),
        }
    }
}

impl Counters {
    /// Counts one answer of Run or Resume.
    pub(super) fn counted(&self, phase: &Phase, tally: &Tally) {
        let mut counts = self.counts();
        let mut add = |family, labels| {
            let count = counts.entry((family, labels)).or_insert(0);
            *count = u64::saturating_add(*count, 1);
        };
        let guard = GUARDS.iter().find(|(_, known)| *known == tally.guard);
        let guard = guard.map_or("", |(word, _)| *word);
        // Without guard rails nobody looked what an answer rests on.
        let outcome = match (tally.guard, tally.outcome) {
            (Guard::Observe | Guard::Off, Outcome::Data) => "",
            (_, outcome) => outcome.as_str(),
        };
        add(Family::Measurements, [guard, word(phase), outcome]);
        if let Some((other, outcome)) = &tally.would_be {
            let labels = [word(phase), word(other), outcome.as_str()];
            add(Family::WouldBe, labels);
        }
        for (level, lines) in [("deny", &tally.denied), ("warn", &tally.warned)] {
            for rule in lines.iter().filter_map(|line| rule(line)) {
                add(Family::Findings, [rule, level, ""]);
            }
        }
    }

    /// Counts one request; one that was refused or cut short is not answered.
    pub(super) fn requested(&self, what: Request, is_answered: bool) {
        let result = if is_answered { "answered" } else { "failed" };
        let mut counts = self.counts();
        let labels = [what.as_str(), result, ""];
        *counts.entry((Family::Requests, labels)).or_insert(0) += 1;
    }

    /// All of them, in Prometheus's text format 0.0.4.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# HELP promql_guard_build_info The program.\n# TYPE promql_guard_build_info gauge\n",
        );
        let version = env!("CARGO_PKG_VERSION");
        line(
            &mut text,
            "promql_guard_build_info",
            &["version"],
            &[version],
            1,
        );
        let counts = self.counts();
        for family in Family::ALL {
            let (name, help, labels) = family.words();
            text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} counter\n"));
            let own = counts.iter().filter(|((of, _), _)| *of == family);
            for ((_, values), count) in own {
                line(&mut text, name, labels, values, *count);
            }
        }
        text
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(Family, [&'static str; 3]), u64>> {
        // A panic elsewhere leaves the map whole: it is only ever added to.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The words are ours: none needs an escape.
fn line(text: &mut String, name: &str, labels: &[&str], values: &[&str], count: u64) {
    let labels = labels.iter().zip(values);
    let labels: Vec<_> = labels
        .map(|(label, value)| format!("{label}=\"{value}\""))
        .collect();
    // Writing into a text cannot fail.
    let _ = writeln!(text, "{name}{{{}}} {count}", labels.join(","));
}

fn word(phase: &Phase) -> &'static str {
    match phase {
        Phase::Pending => "Pending",
        Phase::Running => "Running",
        Phase::Successful => "Successful",
        Phase::Failed => "Failed",
        Phase::Error => "Error",
        Phase::Inconclusive => "Inconclusive",
        Phase::Unset | Phase::Other(_) => "other",
    }
}

/// The rule that a finding's line begins with.
fn rule(line: &str) -> Option<&'static str> {
    let name = line.split(':').next()?;
    let rule = ALL.iter().find(|rule| rule.name == name);
    rule.map(|rule| rule.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::outcome::NoData;

    #[test]
    fn what_happened_is_written() {
        let counters = Counters::default();
        let observed = Tally {
            would_be: Some((Phase::Inconclusive, Outcome::NoData(NoData::NoTraffic))),
            denied: vec!["empty-query: nothing; write one".to_owned()],
            warned: vec!["raw-counter: x: y".to_owned(), "no-rule: z".to_owned()],
            ..Tally::of(Guard::Observe, Outcome::Data)
        };
        for _ in 0..2 {
            counters.counted(&Phase::Successful, &observed);
        }
        let plain = Tally::of(Guard::Off, Outcome::Data);
        counters.counted(&Phase::Other("x\"".into()), &plain);
        for what in [
            Request::Query,
            Request::Evidence,
            Request::Heard,
            Request::Cause,
        ] {
            counters.requested(what, true);
        }
        counters.requested(Request::LookUp, false);
        let text = counters.text();
        for expected in [
            "# TYPE promql_guard_build_info gauge\npromql_guard_build_info{version=\"",
            "# TYPE promql_guard_measurements_total counter\npromql_guard_measurements_total{guard=\"enforce\",phase=\"Error\",outcome=\"data\"} 0\n",
            "\npromql_guard_measurements_total{guard=\"observe\",phase=\"Successful\",outcome=\"\"} 2\n",
            "\npromql_guard_measurements_total{guard=\"off\",phase=\"other\",outcome=\"\"} 1\n",
            "\npromql_guard_would_be_total{phase=\"Successful\",would_be=\"Inconclusive\",outcome=\"no-data/no-traffic\"} 2\n",
            "\npromql_guard_findings_total{rule=\"empty-query\",level=\"deny\"} 2\n",
            "\npromql_guard_findings_total{rule=\"raw-counter\",level=\"warn\"} 2\n",
            "\npromql_guard_requests_total{for=\"look-up\",result=\"failed\"} 1\n",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        assert!(!text.contains("no-rule"));
        assert!(text.ends_with('\n'));
    }
}

//! A selector's text into what is asked of its series, and the look-ups that narrow it matcher by matcher.

use std::time::Duration;

use crate::promql::ast::{MatchOp, Matcher, Selector};
use crate::promql::print::quote;
use crate::promql::{Features, Options, parse};

/// The labels that a metric shares with the `up` of its target.
const TARGET_LABELS: [&str; 4] = ["job", "instance", "namespace", "pod"];

/// What the questions for fresh data said of a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// It was not asked.
    #[default]
    NotAsked,
    /// It has samples since the run began.
    Fresh,
    /// It has none, neither before nor since.
    Absent,
    /// It has samples, but only from before.
    Stale,
    /// So many of its series are due for their next scrape.
    Due(u64),
    /// The Rollout's pods have samples, those of the canary none.
    OnlyStable,
}

/// A selector of the witness.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Name and braces, without range and modifiers.
    pub selector: String,
    /// The metric, where `=` pins it.
    pub metric: Option<String>,
    /// The matchers in text order, without that of the metric.
    pub matchers: Vec<Narrow>,
    /// Its range.
    pub window: Option<Duration>,
    /// It is read at another time than asked, by an `offset` or `@` of its own or around it.
    pub has_time: bool,
    /// Its exporter was heard: that it has no series is no cause.
    pub is_heard: bool,
    /// What was said of it before.
    pub state: State,
    /// A matcher that everything asked of it carries.
    pub(super) within: Option<String>,
}

/// One matcher of a selector.
#[derive(Debug, Clone)]
pub struct Narrow {
    /// Its label.
    pub label: String,
    /// How it compares.
    pub op: MatchOp,
    /// With what.
    pub value: String,
    /// As written.
    pub text: String,
}

impl Subject {
    /// A selector by its text; none where that is no selector.
    pub fn of(selector: &str, window: Option<Duration>) -> Option<Self> {
        let options = Options {
            features: Features::All,
            holes: &[],
        };
        let query = parse(selector, options).ok()?;
        let parsed = query.expr.selector()?;
        Some(Subject {
            selector: selector.to_owned(),
            metric: parsed.metric().map(str::to_owned),
            matchers: narrowing(parsed, selector),
            window,
            has_time: false,
            is_heard: false,
            state: State::NotAsked,
            within: None,
        })
    }

    /// The same, read at another time.
    pub fn at_another_time(mut self, has_time: bool) -> Self {
        self.has_time = has_time;
        self
    }

    /// The same, of which this was said before.
    pub fn in_state(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    /// The same, whose exporter was heard or not.
    pub fn heard(mut self, is_heard: bool) -> Self {
        self.is_heard = is_heard;
        self
    }

    /// The `match[]` of the metric alone; none without a metric.
    pub(super) fn by_name(&self) -> Option<String> {
        self.metric.as_ref().map(|_| self.narrowed(&[]))
    }

    /// The `match[]` of the metric with these matchers.
    pub(super) fn narrowed(&self, by: &[&Narrow]) -> String {
        let mut inside: Vec<String> = by.iter().map(|matcher| matcher.text.clone()).collect();
        let name = match &self.metric {
            Some(name) if is_legacy(name) => name.as_str(),
            Some(name) => {
                // Before version 3 a name in quotes is not read, and nothing is lost by the label's.
                inside.insert(0, format!("__name__={}", quote(name.as_bytes())));
                ""
            }
            None => "",
        };
        self.enclose(&mut inside);
        if inside.is_empty() {
            name.to_owned()
        } else {
            format!("{name}{{{}}}", inside.join(","))
        }
    }

    /// The matchers that can shut series out, those that ask for a value before those that exclude one.
    pub(super) fn narrowing(&self) -> Vec<&Narrow> {
        let asks = |matcher: &&Narrow| matches!(matcher.op, MatchOp::Equal | MatchOp::Regexp);
        let is_open = |matcher: &&Narrow| matcher.value.is_empty() || matcher.value == ".*";
        // What everything carries shuts nothing more out; without a name it may be all there is.
        let is_everywhere =
            |m: &Narrow| self.metric.is_some() && self.within.as_ref() == Some(&m.text);
        let matchers = || self.matchers.iter().filter(move |m| !is_everywhere(m));
        let shut = || matchers().filter(move |m| !is_open(m));
        // Without a name a look-up needs a matcher that does not accept the empty text.
        let excluding = shut().filter(|m| self.metric.is_some() && !asks(m));
        shut().filter(asks).chain(excluding).collect()
    }

    /// The `up` of the targets that the selector names; none where it names none.
    pub(super) fn up(&self) -> Option<String> {
        let mut shared: Vec<String> = self
            .matchers
            .iter()
            .filter(|matcher| matcher.names_target())
            .map(|matcher| matcher.text.clone())
            .collect();
        if shared.is_empty() {
            return None;
        }
        self.enclose(&mut shared);
        Some(format!("up{{{}}}", shared.join(",")))
    }

    fn enclose(&self, inside: &mut Vec<String>) {
        let within = self.within.iter().filter(|own| !inside.contains(own));
        let within: Vec<String> = within.cloned().collect();
        inside.extend(within);
    }

    /// It selects the same, matcher by matcher.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let texts = |subject: &Self| -> Vec<String> {
            let matchers = subject.matchers.iter();
            matchers.map(|matcher| matcher.text.clone()).collect()
        };
        self.metric == other.metric && texts(self) == texts(other)
    }

    /// The `match[]` of all of it.
    pub(super) fn whole(&self) -> String {
        self.narrowed(&self.narrowing())
    }

    /// What people call it.
    pub(super) fn name(&self) -> &str {
        self.metric.as_deref().unwrap_or(&self.selector)
    }
}

impl Narrow {
    /// Its label is one that `up` has too.
    pub(super) fn names_target(&self) -> bool {
        TARGET_LABELS.contains(&self.label.as_str())
    }
}

fn narrowing(selector: &Selector, text: &str) -> Vec<Narrow> {
    let pins_metric = |matcher: &&Matcher| {
        matcher.label.text == "__name__"
            && matcher.op == MatchOp::Equal
            && selector.metric().map(str::as_bytes) == Some(&matcher.value.value)
    };
    selector
        .matchers
        .iter()
        .filter(|matcher| !pins_metric(matcher))
        .map(|matcher| Narrow {
            label: matcher.label.text.clone(),
            op: matcher.op,
            value: matcher.value.text().into_owned(),
            text: text[matcher.span.start..matcher.span.end].to_owned(),
        })
        .collect()
}

/// A name that needs no quotes.
pub(super) fn is_legacy(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'))
}

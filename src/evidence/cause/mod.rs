//! A text without data into the questions why, and their answers into the first cause that holds.
//!
//! A [`Question`] asks nothing itself: [`next`](Question::next) says what to ask, [`answer`](Question::answer) takes what came
//! back, [`finish`](Question::finish) tells the [`Cause`]. The decision is run anew from the start after each answer and stops
//! where it needs what is not known yet, so what is asked is only what decides. A question without an answer costs only words.
//!
//! [`subject`] holds what is known of each selector, `decide` the causes in the order of the closed list, `unknown` those that
//! need look-ups, `sides` joins without a match, [`words`] every line that is told, also where no question is asked.
//!
//! Not here: which requests these become, their bounds and times, and masks for secrets.

pub mod subject;
pub mod words;

mod decide;
mod sides;
mod unknown;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::evidence::namespace::Namespace;
use crate::promql::ast::{Expr, ExprKind, ValueType};
use crate::promql::select::data_selectors;
use crate::promql::{Features, Options, parse};
pub use subject::{State, Subject};
pub use words::Cause;

/// Selectors that are asked about.
const MOST_SUBJECTS: usize = 8;
/// Look-ups of the index for one question.
pub const MOST_LOOK_UPS: usize = 6;

/// What is known before anything is asked.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The witness: the text without what could answer in place of data, or that in which a fallback was believed.
    pub witness: Option<String>,
    /// It answered a number.
    pub has_witness: bool,
    /// Its selectors, in text order.
    pub subjects: Vec<Subject>,
    /// What counts the events, one series, and the window in which it does.
    pub events: Option<(String, Option<Duration>)>,
    /// So many are needed.
    pub min_events: Option<f64>,
    /// How long the run had begun at the time asked.
    pub age: Option<Duration>,
    /// The scrape interval where it is said or was measured; else it is taken for one minute.
    pub interval: Option<Duration>,
    /// How far back the metric asks already.
    pub delay: Duration,
    /// The hash of the run's pods.
    pub hash: Option<String>,
    /// The label and value that everything asked must match: names and values of elsewhere are not the reader's to see.
    pub within: Option<(String, String)>,
}

/// A question to the server, at the time of the measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Name and expression of parts that answer one series each, as one request: [`Answer::Numbers`].
    Query(Vec<(String, String)>),
    /// A query of which the labels of the first series are of interest: [`Answer::Labels`].
    Plain(String),
    /// The metrics of the last 7 days, `GET /api/v1/label/__name__/values`: [`Answer::Texts`].
    Names {
        /// `match[]`; without, every metric.
        matching: Option<String>,
        /// So many are enough.
        limit: usize,
    },
    /// The values of a label in the last 7 days, `GET /api/v1/label/<label>/values`: [`Answer::Texts`].
    Values {
        /// The label: no character that needs an escape in a path.
        label: String,
        /// `match[]`
        matching: String,
        /// So many are enough.
        limit: usize,
    },
}

impl Ask {
    /// It asks the index, not the engine.
    pub fn is_look_up(&self) -> bool {
        matches!(self, Ask::Names { .. } | Ask::Values { .. })
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The parts that have an answer.
    Numbers(BTreeMap<String, f64>),
    /// The labels of the first series; empty: there is none.
    Labels(Vec<(String, String)>),
    /// Metrics or values; empty: there is none.
    Texts(Vec<String>),
    /// The server understood and refused (422): another question may do.
    Refused,
    /// Nothing, too much, or what is none of these.
    Failed,
}

/// Why there are no data.
#[derive(Debug)]
pub struct Question {
    known: Known,
    witness: Option<Witness>,
    /// The matcher of [`Known::within`].
    within: Option<String>,
    answers: Vec<(Ask, Answer)>,
    pending: Option<Ask>,
    /// Nothing more can be asked.
    is_closed: bool,
}

/// The witness with its tree; none where it is not PromQL as read here.
#[derive(Debug)]
struct Witness {
    text: String,
    tree: Option<Expr>,
}

/// What is known, or what must be asked first.
type Reached<T> = Result<T, Ask>;

impl Question {
    /// Why there are no data where this is known.
    pub fn new(mut known: Known) -> Self {
        known.subjects.truncate(MOST_SUBJECTS);
        let within = known
            .within
            .as_ref()
            .map(|(label, value)| Namespace { label, value }.matcher());
        for subject in &mut known.subjects {
            subject.within.clone_from(&within);
        }
        let options = Options {
            features: Features::All,
            holes: &[],
        };
        let witness = known.witness.take().map(|text| Witness {
            tree: parse(&text, options).ok().map(|query| query.expr),
            text,
        });
        Question {
            known,
            witness,
            within,
            answers: Vec::new(),
            pending: None,
            is_closed: false,
        }
    }

    /// What to ask now; none once the cause is known. Without an answer it is the same again.
    #[expect(
        clippy::should_implement_trait,
        reason = "each needs its answer before the next, which no iterator gives"
    )]
    pub fn next(&mut self) -> Option<Ask> {
        if self.pending.is_none() {
            self.pending = self.decide().err();
        }
        self.pending.clone()
    }

    /// Takes the answer to what [`next`](Question::next) last said; others are left aside.
    pub fn answer(&mut self, answer: Answer) {
        if let Some(ask) = self.pending.take() {
            self.answers.push((ask, answer));
        }
    }

    /// The scrape interval as the samples of the last 15m tell it, the longest of all; none where it was not asked.
    pub fn measured_interval(&self) -> Option<Duration> {
        const MEASURED: Duration = Duration::from_secs(15 * 60);
        let numbers = self.answers.iter().filter_map(|(_, answer)| match answer {
            Answer::Numbers(numbers) => Some(numbers),
            _ => None,
        });
        let samples = numbers.flat_map(|numbers| {
            let counts = (0..MOST_SUBJECTS).map(|index| numbers.get(&format!("n{index}")));
            counts.flatten().copied()
        });
        samples
            .filter(|samples| *samples >= 1.0)
            .filter_map(|samples| {
                Duration::try_from_secs_f64(MEASURED.as_secs_f64() / samples).ok()
            })
            .max()
    }

    /// How old the newest `up` of the server is, where that is more than two scrapes; zero where it was not asked.
    pub fn lag(&self) -> Duration {
        let newest = self.answers.iter().find_map(|(_, answer)| match answer {
            Answer::Numbers(numbers) => numbers.get("u").copied(),
            _ => None,
        });
        let age = newest.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        age.filter(|age| *age > self.interval() * 2)
            .unwrap_or_default()
    }

    /// The cause, as far as it is known by now.
    pub fn finish(mut self) -> Cause {
        self.is_closed = true;
        self.decide().unwrap_or_else(|_| words::unexplained(None))
    }

    /// The answer to `ask`; none where it cannot be had. `reserve` look-ups are left for others.
    fn ask(&self, ask: Ask, reserve: usize) -> Reached<Option<&Answer>> {
        if let Some((_, answer)) = self.answers.iter().find(|(asked, _)| *asked == ask) {
            return Ok(Some(answer));
        }
        let look_ups = self.answers.iter().filter(|(ask, _)| ask.is_look_up());
        let is_spent = ask.is_look_up() && look_ups.count() + reserve >= MOST_LOOK_UPS;
        if self.is_closed || is_spent {
            Ok(None)
        } else {
            Err(ask)
        }
    }

    fn numbers(&self) -> Reached<Numbers<'_>> {
        let (whole, rest) = (self.of_query(), self.of_selectors());
        let has_witness = whole.iter().any(|(name, _)| name == "w");
        let parts = whole.into_iter().chain(rest.clone()).collect::<Vec<_>>();
        match self.ask_numbers(parts)? {
            // Without its filters a join may be many-to-many, which says nothing of the selectors.
            (None, true) => Ok(Numbers {
                parts: self.ask_numbers(rest)?.0,
                has_witness: false,
            }),
            (parts, _) => Ok(Numbers { parts, has_witness }),
        }
    }

    /// The numbers, and whether the server refused to answer.
    fn ask_numbers(&self, parts: Vec<(String, String)>) -> Reached<Asked<'_>> {
        if parts.is_empty() {
            return Ok((None, false));
        }
        Ok(match self.ask(Ask::Query(parts), 0)? {
            Some(Answer::Numbers(numbers)) => (Some(numbers), false),
            Some(Answer::Refused) => (None, true),
            _ => (None, false),
        })
    }

    /// What the query itself answers: `w`, how many series, NaN too, and `e`, the events.
    fn of_query(&self) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        if let Some(witness) = &self.witness {
            let text = closed(&witness.text);
            let kind = witness.tree.as_ref().map(|tree| tree.value_type);
            match kind {
                None | Some(ValueType::Vector) => parts.push(format!("count(({text}))")),
                Some(ValueType::Scalar) => parts.push(format!("count(vector({text}))")),
                Some(ValueType::Matrix) => parts.push(format!("count(last_over_time({text}))")),
                Some(ValueType::String) => {}
            }
        }
        let mut parts: Vec<_> = parts
            .into_iter()
            .map(|part| ("w".to_owned(), part))
            .collect();
        if let Some((events, _)) = &self.known.events {
            parts.push(("e".to_owned(), closed(events)));
        }
        parts
    }

    /// Of each selector: `k` series in the last hour, `l` live ones, `m` samples in its window, `n` samples in 15m where the
    /// scrape interval is not known, `d` targets down; `u`, the age
    /// of the newest `up`.
    fn of_selectors(&self) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        for (index, subject) in self.known.subjects.iter().enumerate() {
            let mut add = |name: &str, part: String| parts.push((format!("{name}{index}"), part));
            let x = &subject.selector;
            add("k", format!("count(last_over_time({x}[1h]))"));
            if subject.has_time {
                continue;
            }
            add("l", format!("count({x})"));
            // Without a name, two metrics of one target become the same series.
            if let (Some(window), Some(_)) = (subject.window, &subject.metric) {
                let window = words::prometheus(window);
                add("m", format!("max(count_over_time({x}[{window}]))"));
            }
            if let (None, Some(_)) = (self.known.interval, &subject.metric) {
                add(
                    "n",
                    format!("max(count_over_time({x}[15m]) and {x} offset 15m)"),
                );
            }
            if let Some(up) = subject.up() {
                add("d", format!("count({up} == 0)"));
            }
        }
        let up = match &self.within {
            Some(within) => format!("up{{{within}}}"),
            None => "up".to_owned(),
        };
        parts.push(("u".to_owned(), format!("min(time() - timestamp({up}))")));
        parts
    }

    /// Whether a range of this selector is taken by a function that needs two samples.
    fn needs_two(&self, subject: &Subject) -> bool {
        const NEEDING_TWO: [&str; 8] = [
            "rate",
            "irate",
            "increase",
            "delta",
            "idelta",
            "deriv",
            "predict_linear",
            "double_exponential_smoothing",
        ];
        let Some(Witness {
            text,
            tree: Some(tree),
        }) = &self.witness
        else {
            return true;
        };
        data_selectors(tree).iter().any(|selector| {
            let is_one = selector
                .function
                .is_some_and(|name| NEEDING_TWO.contains(&name));
            is_one
                && text
                    .get(selector.span.start..selector.span.end)
                    .and_then(|text| Subject::of(text, None))
                    .is_some_and(|other| other.is_same(subject))
        })
    }

    /// `scalar()` makes NaN of nothing, so that NaN is no sign of series.
    fn has_scalar(&self) -> bool {
        let Some(Witness {
            tree: Some(tree), ..
        }) = &self.witness
        else {
            return false;
        };
        let mut found = false;
        tree.walk(&mut |node| {
            found |= matches!(&node.kind, ExprKind::Call(call) if call.function.name == "scalar");
        });
        found
    }
}

type Asked<'a> = (Option<&'a BTreeMap<String, f64>>, bool);

/// The numbers of the first request.
#[derive(Debug, Clone, Copy)]
struct Numbers<'a> {
    /// None where there is no answer.
    parts: Option<&'a BTreeMap<String, f64>>,
    /// The witness is among what was asked.
    has_witness: bool,
}

impl Numbers<'_> {
    fn get(&self, name: &str) -> Option<f64> {
        self.parts.and_then(|parts| parts.get(name).copied())
    }

    fn of(&self, name: &str, index: usize) -> Option<f64> {
        self.get(&format!("{name}{index}"))
    }

    /// A count above zero.
    fn some(&self, name: &str, index: usize) -> bool {
        self.of(name, index).is_some_and(|count| count > 0.0)
    }
}

/// The text with its last line ended: a comment there would hide what is put behind it.
fn closed(text: &str) -> String {
    if text.contains('#') {
        format!("{text}\n")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;

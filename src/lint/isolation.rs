//! A query into whose pods it looks at: the canary's alone, the stable ones alone, or both.
//!
//! A selector belongs to a side by one of its matchers: an argument that is fed from a pod-template-hash, or a word of the
//! side in an argument's name, a variable's name or the text. Beside a selector of the canary one of the stable side is a
//! comparison. A query that hangs on an argument without value is of no side yet.

use std::collections::HashSet;

use crate::analysis::template::ValueFrom;
use crate::lint::context::{KnownArgument, Scene};
use crate::lint::gate::Gate;
use crate::promql::Query;
use crate::promql::ast::{BinaryOp, Expr, ExprKind, MatchOp, Matcher, Selector};
use crate::promql::outcome::Labels;
use crate::text::filled::{Filled, Placeholder};

/// Words of the canary.
const CANARY: [&str; 8] = [
    "hash", "canary", "revision", "version", "latest", "preview", "green", "new",
];

/// Those that speak of the stable side as well: `stable-hash`.
const NEUTRAL: [&str; 3] = ["hash", "revision", "version"];

/// Words of the stable side.
const STABLE: [&str; 7] = [
    "stable", "baseline", "primary", "previous", "old", "active", "blue",
];

/// Words that say their side under any label; the others say more than one thing in a text (`state="active"`).
const PLAIN: [&str; 4] = ["canary", "preview", "stable", "baseline"];

/// Words of labels that tell pods, workloads or their versions apart.
const WORKLOAD: [&str; 22] = [
    "pod",
    "service",
    "svc",
    "app",
    "application",
    "deployment",
    "workload",
    "replicaset",
    "rs",
    "container",
    "instance",
    "job",
    "track",
    "version",
    "revision",
    "hash",
    "release",
    "slot",
    "color",
    "colour",
    "rollout",
    "variant",
];

/// Words of labels whose literal may be the canary's without saying so.
const VERSIONED: [&str; 5] = ["version", "revision", "image", "hash", "tag"];

/// Labels that pick no pods, whatever stands there.
const WHOLE: [&str; 19] = [
    "__name__",
    "cluster",
    "cluster_name",
    "k8s_cluster",
    "env",
    "environment",
    "region",
    "zone",
    "quantile",
    "le",
    "handler",
    "path",
    "route",
    "uri",
    "url",
    "method",
    "operation",
    "endpoint",
    "protocol",
];

/// Labels by which two sides of an operation are matched pod by pod.
const POD: [&str; 4] = ["pod", "pod_name", "kubernetes_pod_name", "instance"];

/// Whose pods a query looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Isolation {
    /// Every selector has a side, one of them the canary's.
    Isolated,
    /// Every selector is of the stable side.
    StableOnly,
    /// A selector takes both.
    Mixed,
    /// It hangs on what stands under a label of versions, or on these placeholders, as they are written.
    Unknown(Vec<String>),
}

/// Whose pods a selector takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// The canary's.
    Canary,
    /// The stable ones.
    Stable,
    /// Both.
    Both,
    /// It hangs on these placeholders, or on a literal under a label of versions (none).
    Unknown(Vec<String>),
}

/// Whose pods `query`, the gate's, looks at; without selectors: both.
pub fn isolation(gate: &Gate<'_>, query: &Query) -> Isolation {
    let Some(text) = &gate.query else {
        return Isolation::Mixed;
    };
    let found = gate.asked.isolation.get_or_init(|| {
        let mut sides = Vec::new();
        let view = View {
            scene: gate.scene,
            filled: &text.filled,
            labels: gate.labels(),
        };
        view.collect(&query.expr, &mut sides);
        joined(&sides)
    });
    found.clone()
}

/// Whose pods `selector`, one of the gate's query, takes.
pub fn side(gate: &Gate<'_>, selector: &Selector) -> Side {
    match &gate.query {
        Some(text) => View {
            scene: gate.scene,
            filled: &text.filled,
            labels: gate.labels(),
        }
        .side(selector),
        None => Side::Both,
    }
}

/// Whether an argument's name, or what it is fed from, is the canary's and not the stable side's.
pub fn is_of_the_canary(argument: &KnownArgument<'_>) -> bool {
    argument.from.contains(&&ValueFrom::LatestHash) || says_canary(argument.name)
}

/// Whether a text has a word of the canary and none of the stable side.
pub fn says_canary(text: &str) -> bool {
    says(text, &CANARY) && !says(text, &STABLE)
}

/// Whether a text has a word of the stable side and none that is the canary's alone.
pub fn says_stable(text: &str) -> bool {
    says(text, &STABLE)
        && !CANARY
            .iter()
            .any(|word| is_alone(word) && says(text, &[word]))
}

/// Whether a word of the canary is not one of the stable side too.
fn is_alone(word: &str) -> bool {
    !NEUTRAL.contains(&word)
}

/// Whether one of a text's words is one of `words`. Words end at anything but a letter, and before a capital.
pub fn says(text: &str, words: &[&str]) -> bool {
    let letters = |c: char| !c.is_ascii_alphabetic();
    text.split(letters).any(|run| {
        words.iter().any(|word| run.eq_ignore_ascii_case(word))
            || humps(run).any(|hump| words.iter().any(|word| hump.eq_ignore_ascii_case(word)))
    })
}

/// `podTemplateHash` into `pod`, `Template`, `Hash`.
fn humps(run: &str) -> impl Iterator<Item = &str> {
    let is_start = |at: usize| {
        let bytes = run.as_bytes();
        at > 0 && bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase()
    };
    let mut start = 0;
    let ends = (1..=run.len()).filter(move |at| *at == run.len() || is_start(*at));
    ends.map(move |end| {
        let hump = &run[start..end];
        start = end;
        hump
    })
}

fn joined(sides: &[Side]) -> Isolation {
    if sides.is_empty() || sides.contains(&Side::Both) {
        return Isolation::Mixed;
    }
    let mut names = Vec::new();
    let mut known = HashSet::new();
    let mut is_unknown = false;
    for side in sides {
        if let Side::Unknown(found) = side {
            is_unknown = true;
            for name in found {
                if known.insert(name) {
                    names.push(name.clone());
                }
            }
        }
    }
    match is_unknown {
        true => Isolation::Unknown(names),
        false if sides.contains(&Side::Canary) => Isolation::Isolated,
        false => Isolation::StableOnly,
    }
}

/// What is looked at to tell a selector's side.
struct View<'a> {
    scene: &'a Scene<'a>,
    filled: &'a Filled,
    labels: &'a Labels,
}

/// What one matcher says.
enum Word {
    Canary,
    Stable,
    Nothing,
    Hangs(Vec<String>),
}

impl View<'_> {
    /// The sides of all selectors of `expr`. Series that are matched pod by pod with the canary's are the canary's.
    fn collect(&self, expr: &Expr, sides: &mut Vec<Side>) {
        if let Some(selector) = expr.selector() {
            sides.push(self.side(selector));
        }
        let ExprKind::Binary(binary) = &expr.kind else {
            for child in expr.children() {
                self.collect(child, sides);
            }
            return;
        };
        let (mut left, mut right) = (Vec::new(), Vec::new());
        self.collect(&binary.left, &mut left);
        self.collect(&binary.right, &mut right);
        let is_by_pod = binary.matching.as_ref().is_some_and(|matching| {
            let labels = matching.labels.as_ref().filter(|labels| labels.is_on);
            labels.is_some_and(|on| on.labels.iter().any(|l| POD.contains(&l.text.as_str())))
        });
        let is_canary =
            |sides: &[Side]| !sides.is_empty() && sides.iter().all(|side| *side == Side::Canary);
        let joins = is_by_pod && !matches!(binary.op, BinaryOp::Or | BinaryOp::Unless);
        if joins && (is_canary(&left) || is_canary(&right)) {
            sides.push(Side::Canary);
        } else {
            sides.extend(left);
            sides.extend(right);
        }
    }

    fn side(&self, selector: &Selector) -> Side {
        let words: Vec<Word> = selector.matchers.iter().map(|m| self.word(m)).collect();
        let says_so = |metric: &str| says(metric, &["canary"]);
        if words.iter().any(|word| matches!(word, Word::Canary))
            || selector.metric().is_some_and(says_so)
        {
            return Side::Canary;
        }
        if words.iter().any(|word| matches!(word, Word::Stable)) {
            return Side::Stable;
        }
        let mut names = Vec::new();
        let mut hangs = false;
        for word in words {
            if let Word::Hangs(found) = word {
                hangs = true;
                names.extend(found);
            }
        }
        match hangs {
            true => Side::Unknown(names),
            false => Side::Both,
        }
    }

    fn word(&self, matcher: &Matcher) -> Word {
        let label = matcher.label.text.as_str();
        let is_elsewhere = WHOLE.contains(&label)
            || label.ends_with("namespace")
            || self.labels.outcome.iter().any(|known| known == label)
            || self.labels.namespace.iter().any(|known| known == label);
        if is_elsewhere {
            return Word::Nothing;
        }
        let said = self.said(matcher);
        let is_turned = matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRegexp);
        match (said.canary || said.neutral, said.stable) {
            (_, true) if said.canary => return Word::Nothing,
            (_, true) if is_turned => return Word::Canary,
            (_, true) => return Word::Stable,
            (true, false) if is_turned => return Word::Stable,
            (true, false) => return Word::Canary,
            (false, false) => {}
        }
        if is_turned {
            return Word::Nothing;
        }
        let unknown: Vec<String> = self
            .filled
            .within(matcher.value.span)
            .filter(|piece| !piece.is_known && hides_a_side(&piece.placeholder))
            .map(|piece| piece.template.of(&self.filled.template).to_owned())
            .collect();
        if !unknown.is_empty() || says(label, &VERSIONED) {
            return Word::Hangs(unknown);
        }
        Word::Nothing
    }

    /// What the placeholders and the text of a matcher's value say.
    fn said(&self, matcher: &Matcher) -> Said {
        let mut said = Said::default();
        for piece in self.filled.within(matcher.value.span) {
            let name = match &piece.placeholder {
                Placeholder::Argument(name) => {
                    let from = self.scene.argument(name).map(|argument| &argument.from);
                    said.canary |= from.is_some_and(|from| from.contains(&&ValueFrom::LatestHash));
                    said.stable |= from.is_some_and(|from| from.contains(&&ValueFrom::StableHash));
                    name
                }
                Placeholder::Run(name)
                | Placeholder::Parenthesised(name)
                | Placeholder::Shell(name)
                | Placeholder::Braces(name) => name,
                Placeholder::Escape => continue,
            };
            said.add(name, |_| true);
        }
        let is_workload = says(&matcher.label.text, &WORKLOAD);
        said.add(&matcher.value.text(), |word| {
            is_workload || PLAIN.contains(&word)
        });
        said
    }
}

/// Words that were said.
#[derive(Default)]
struct Said {
    canary: bool,
    neutral: bool,
    stable: bool,
}

impl Said {
    fn add(&mut self, text: &str, counts: impl Fn(&str) -> bool) {
        let has = |word: &str| counts(word) && says(text, &[word]);
        self.canary |= CANARY.iter().any(|word| is_alone(word) && has(word));
        self.neutral |= NEUTRAL.iter().any(|word| has(word));
        self.stable |= STABLE.iter().any(|word| has(word));
    }
}

/// Whether a value of the placeholder could be the canary's: of the plugin's own only the hash is, and that is a word.
fn hides_a_side(placeholder: &Placeholder) -> bool {
    !matches!(placeholder, Placeholder::Run(_) | Placeholder::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_anything_but_a_letter() {
        for (text, canary, stable) in [
            ("canary-hash", true, false),
            ("app_canary_2", true, false),
            ("podTemplateHash", true, false),
            ("CANARY", true, false),
            ("canaryhash", false, false),
            ("newrelic", false, false),
            ("stable-hash", false, true),
            ("stable", false, true),
            ("bluebird", false, false),
            ("é-old-é", false, true),
            ("", false, false),
        ] {
            assert_eq!(says_canary(text), canary, "{text}");
            assert_eq!(says_stable(text), stable, "{text}");
        }
    }
}

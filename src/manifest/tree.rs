//! What a YAML document holds: mappings, sequences and scalars, each with its bytes in the file.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use crate::text::place::Style;
use crate::text::plain::{Meaning, meaning};
use crate::text::span::Span;

/// A value. What an alias stands for is the anchor's own node.
#[derive(Debug)]
pub(super) struct Node {
    /// What it is.
    pub(super) content: Content,
    /// Its bytes: of a collection from its first to its last character, of a literal or folded scalar with its header.
    pub(super) span: Span,
    /// Within or made of brackets or braces.
    pub(super) in_flow: bool,
    /// How much it is once every alias is written out: one a node, and one for every 64 bytes a scalar takes.
    pub(super) weight: usize,
    /// How many nodes are within one another, itself counted.
    pub(super) depth: usize,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Content {
    /// A text, number, boolean or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Item>),
    /// An object.
    Mapping(Mapping),
}

/// A text, number, boolean or nothing.
#[derive(Debug)]
pub(super) struct Scalar {
    /// Escapes and folds resolved.
    pub(super) text: Box<str>,
    /// How it is written.
    pub(super) style: Style,
    /// Read as text whatever it looks like: quoted, a block, or tagged `!!str`.
    pub(super) is_text: bool,
}

/// An entry of a list.
#[derive(Debug)]
pub(super) struct Item {
    /// What it is.
    pub(super) node: Arc<Node>,
}

/// An object.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    /// As they are written; `<<` is replaced by what it brings, behind the others.
    pub(super) entries: Vec<Entry>,
    /// How many of them are written here; what `<<` brings stands behind them.
    pub(super) own: usize,
    /// Whether a `<<` stands among them.
    pub(super) has_merge: bool,
}

/// An entry of an object.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The key as JSON has it.
    pub(super) name: Arc<str>,
    /// The key.
    pub(super) key: Arc<Node>,
    /// Its value.
    pub(super) value: Arc<Node>,
    /// From the key's first byte to the value's last, an alias's own where it is one.
    pub(super) written: Span,
}

impl Mapping {
    /// The entry of this name, where it is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.index(name).map(|index| &self.entries[index])
    }

    /// Which entry has this name, where it is there and not null.
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        let is_it = |entry: &Entry| &*entry.name == name;
        let index = self.entries.iter().position(is_it)?;
        (!self.entries[index].value.is_null()).then_some(index)
    }
}

impl Scalar {
    /// What it means to Kubernetes.
    pub(super) fn meaning(&self) -> Meaning {
        if self.is_text {
            Meaning::Text
        } else {
            meaning(&self.text)
        }
    }
}

impl Node {
    pub(super) fn mapping(&self) -> Option<&Mapping> {
        match &self.content {
            Content::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    pub(super) fn sequence(&self) -> Option<&[Item]> {
        match &self.content {
            Content::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.scalar()
            .is_some_and(|scalar| scalar.meaning() == Meaning::Null)
    }

    /// The text of the scalar under `name`, where this is an object that has one.
    pub(super) fn text_at(&self, name: &str) -> Option<&str> {
        let entry = self.mapping()?.get(name)?;
        entry.value.scalar().map(|scalar| &*scalar.text)
    }

    /// `an object`, `a list`, `a text`, …
    pub(super) fn describe(&self) -> &'static str {
        match &self.content {
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "an object",
            Content::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => "nothing",
                Meaning::Bool(_) => "a boolean",
                Meaning::Text => "a text",
                _ => "a number",
            },
        }
    }

    /// As JSON; infinities and NaN, which it lacks, are null.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(scalar) => scalar_json(scalar),
            Content::Sequence(items) => items.iter().map(|item| item.node.to_json()).collect(),
            Content::Mapping(mapping) => {
                let entries = mapping.entries.iter();
                let pairs = entries.map(|entry| (entry.name.to_string(), entry.value.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The first number in it that JSON cannot hold.
    pub(super) fn no_json(&self) -> Option<&Node> {
        match &self.content {
            Content::Scalar(scalar) => match scalar.meaning() {
                Meaning::Float(value) if !value.is_finite() => Some(self),
                _ => None,
            },
            Content::Sequence(items) => items.iter().find_map(|item| item.node.no_json()),
            Content::Mapping(mapping) => {
                let mut values = mapping.entries.iter().map(|entry| &entry.value);
                values.find_map(|value| value.no_json())
            }
        }
    }
}

fn scalar_json(scalar: &Scalar) -> Value {
    match scalar.meaning() {
        Meaning::Null => Value::Null,
        Meaning::Bool(value) => Value::Bool(value),
        Meaning::Int(value) => Value::from(value),
        Meaning::Unsigned(value) => Value::from(value),
        Meaning::Float(value) => float_json(value),
        Meaning::Text => Value::from(&*scalar.text),
    }
}

/// Go writes a whole number without a point, however it was written.
fn float_json(value: f64) -> Value {
    // 2^53: up to there each whole number is one.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

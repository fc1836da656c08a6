//! A template's text into the text that is read, its placeholders replaced, and bytes of the one into bytes of the other.
//!
//! Whoever knows what a placeholder is worth says so; one without value leaves a *hole*, one character that no author
//! writes, so that what stands around it can still be read.

use std::collections::HashMap;

use crate::text::span::Span;

/// What stands in the place of the first placeholder without value: a character of Unicode's private use area. Each further
/// one of another text gets the character before, so that holes are equal where the placeholders are.
pub const HOLE: char = '\u{F8FE}';

/// So many placeholders of different texts are told apart.
const HOLES: u32 = 2048;

/// Whether a character stands in the place of a placeholder.
pub fn is_hole(c: char) -> bool {
    hole_number(c).is_some()
}

/// Which placeholder without value a character stands for, counted from 0 by their texts.
pub fn hole_number(c: char) -> Option<usize> {
    let number = u32::from(HOLE).checked_sub(u32::from(c))?;
    (number < HOLES).then_some(number as usize)
}

/// The character of a placeholder, the reverse of [`hole_number`].
pub fn hole(number: usize) -> char {
    let number = u32::try_from(number).map_or(HOLES - 1, |number| number.min(HOLES - 1));
    char::from_u32(u32::from(HOLE) - number).unwrap_or(HOLE)
}

/// Something that is replaced before the text is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// `{{args.name}}`: the controller's.
    Argument(String),
    /// `$(run.name)`: this plugin's.
    Run(String),
    /// `$(…)` with anything else between.
    Parenthesised(String),
    /// `${…}`: envsubst's, Flux's, a shell's.
    Shell(String),
    /// `{{…}}` with anything else between: Helm's, or a slip.
    Braces(String),
    /// `$$(`: a literal `$(`.
    Escape,
}

/// A placeholder in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which one.
    pub placeholder: Placeholder,
    /// Where it stands in the template.
    pub template: Span,
    /// Where its value, or its hole, stands in the text.
    pub text: Span,
    /// Whether it has a value.
    pub is_known: bool,
}

/// A template's text with its placeholders replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// As the author wrote it.
    pub template: String,
    /// With values and holes.
    pub text: String,
    /// In text order.
    pub pieces: Vec<Piece>,
}

impl Filled {
    /// Replaces every placeholder of `template` by what `value` gives, or by a hole.
    ///
    /// A `{{`, `$(` or `${` that is not closed is no placeholder.
    pub fn new(template: &str, value: impl Fn(&Placeholder) -> Option<String>) -> Self {
        let mut filled = Filled {
            template: template.to_owned(),
            ..Filled::default()
        };
        let mut done = 0;
        let mut unknown: HashMap<Placeholder, usize> = HashMap::new();
        while let Some((placeholder, span)) = next(template, done) {
            filled.text.push_str(&template[done..span.start]);
            let start = filled.text.len();
            let known = match &placeholder {
                Placeholder::Escape => Some("$(".to_owned()),
                other => value(other),
            };
            match &known {
                Some(value) => filled.text.push_str(value),
                None => {
                    let next = unknown.len();
                    let number = unknown.entry(placeholder.clone()).or_insert(next);
                    filled.text.push(hole(*number));
                }
            }
            filled.pieces.push(Piece {
                placeholder,
                template: span,
                text: Span::new(start, filled.text.len()),
                is_known: known.is_some(),
            });
            done = span.end;
        }
        filled.text.push_str(&template[done..]);
        filled
    }

    /// The holes' places in the text, in text order.
    pub fn holes(&self) -> Vec<Span> {
        let unknown = self.pieces.iter().filter(|piece| !piece.is_known);
        unknown.map(|piece| piece.text).collect()
    }

    /// Whether anything in the text has no value.
    pub fn has_holes(&self) -> bool {
        self.pieces.iter().any(|piece| !piece.is_known)
    }

    /// The placeholders that stand, wholly or in part, in `span` of the text.
    pub fn within(&self, span: Span) -> impl Iterator<Item = &Piece> {
        let overlaps = move |piece: &&Piece| {
            piece.text.start < span.end && span.start < piece.text.end
                || piece.text.start == piece.text.end && span.holds(piece.text)
        };
        let first = self
            .pieces
            .partition_point(|piece| piece.text.end < span.start);
        let pieces = self.pieces[first..].iter();
        pieces
            .take_while(move |piece| piece.text.start <= span.end)
            .filter(overlaps)
    }

    /// The template's bytes for `span` of the text: a value's inside stands for its whole placeholder.
    pub fn to_template(&self, span: Span) -> Span {
        let start = self.offset(span.start, |piece| piece.template.start);
        let end = self.offset(span.end, |piece| piece.template.end);
        Span::new(start, end.max(start))
    }

    fn offset(&self, at: usize, inside: impl Fn(&Piece) -> usize) -> usize {
        let behind = self.pieces.partition_point(|piece| piece.text.start < at);
        match self.pieces[..behind].last() {
            Some(piece) if at < piece.text.end => inside(piece),
            Some(piece) => piece.template.end + (at - piece.text.end),
            None => at,
        }
    }
}

/// The next placeholder at or behind `from`.
fn next(template: &str, from: usize) -> Option<(Placeholder, Span)> {
    let bytes = template.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        let rest = &template[at..];
        let (open, close) = match bytes[at] {
            b'$' if rest.starts_with("$$(") => {
                return Some((Placeholder::Escape, Span::new(at, at + 3)));
            }
            b'$' if rest.starts_with("$(") => ("$(", ")"),
            b'$' if rest.starts_with("${") => ("${", "}"),
            b'{' if rest.starts_with("{{") => ("{{", "}}"),
            _ => {
                at += 1;
                while !template.is_char_boundary(at) {
                    at += 1;
                }
                continue;
            }
        };
        match rest[open.len()..].find(close) {
            Some(length) => {
                let name = rest[open.len()..open.len() + length].trim();
                let end = at + open.len() + length + close.len();
                return Some((placeholder(open, name), Span::new(at, end)));
            }
            None => at += open.len(),
        }
    }
    None
}

fn placeholder(open: &str, name: &str) -> Placeholder {
    let owned = name.to_owned();
    match open {
        "{{" => match name.strip_prefix("args.") {
            Some(argument) => Placeholder::Argument(argument.to_owned()),
            None => Placeholder::Braces(owned),
        },
        "${" => Placeholder::Shell(owned),
        _ => match name.strip_prefix("run.") {
            Some(value) => Placeholder::Run(value.to_owned()),
            None => Placeholder::Parenthesised(owned),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> Filled {
        Filled::new(template, |placeholder| match placeholder {
            Placeholder::Argument(name) if name == "ns" => Some("shop".to_owned()),
            Placeholder::Argument(name) if name == "empty" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn placeholders_become_values_or_holes() {
        for (template, text) in [
            ("up", "up"),
            ("{{args.ns}}", "shop"),
            ("a{{ args.ns }}b{{args.empty}}c", "ashopbc"),
            ("é{{args.no}}", "é\u{F8FE}"),
            (
                "$(run.hash) ${X} {{ .Values.x }} $(x)",
                "\u{F8FE} \u{F8FD} \u{F8FC} \u{F8FB}",
            ),
            (
                "{{args.a}}{{args.b}}{{ args.a }}",
                "\u{F8FE}\u{F8FD}\u{F8FE}",
            ),
            ("$$(run.hash)", "$(run.hash)"),
            ("{{args.ns", "{{args.ns"),
            ("$(run. ${", "$(run. ${"),
        ] {
            assert_eq!(filled(template).text, text, "{template}");
        }
    }

    #[test]
    fn bytes_of_the_text_stand_for_bytes_of_the_template() {
        let filled = filled("a {{args.ns}} b {{args.no}} c");
        assert_eq!(filled.text, "a shop b \u{F8FE} c");
        for (text, template) in [
            (Span::new(0, 1), "a"),
            (Span::new(2, 6), "{{args.ns}}"),
            (Span::new(3, 5), "{{args.ns}}"),
            (Span::new(0, 8), "a {{args.ns}} b"),
            (Span::new(7, 8), "b"),
            (Span::new(9, 12), "{{args.no}}"),
            (Span::new(13, 14), "c"),
            (Span::at(14), ""),
        ] {
            assert_eq!(
                filled.to_template(text).of(&filled.template),
                template,
                "{text:?}"
            );
        }
        assert_eq!(filled.within(Span::new(0, 8)).count(), 1);
        assert_eq!(filled.holes(), [Span::new(9, 12)]);
    }
}

//! Words of ours and of others into one line in which no secret of others shows.

use crate::analysis::secrets::{MASKED, Mask};
use crate::text::chain::{bounded, one_line};

/// The longest message, in bytes: it goes into the status of the AnalysisRun and of the Rollout.
const MESSAGE: usize = 1 << 10;

/// The longest part of a message that the template's author wrote, in bytes: the reason after it must still fit.
const QUOTE: usize = 320;

/// Longer texts are cut before secrets are hidden in them: a condition may have mebibytes.
const READ: usize = 16 << 10;

/// A line made of our own words and numbers, which stay as they are, and of texts of the template, the server or an
/// error, in which secrets are hidden.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Wording(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Own(String),
    Foreign(String),
    /// A value that was computed from a text of the template.
    Computed {
        value: String,
        number: bool,
        from: String,
    },
}

impl Wording {
    /// Begins with a text of others.
    pub(super) fn of_others(text: &str) -> Self {
        Wording::default().foreign(text)
    }

    /// Adds words or numbers of ours.
    pub(super) fn own(mut self, text: &str) -> Self {
        self.0.push(Piece::Own(text.to_owned()));
        self
    }

    /// Adds a text of others.
    pub(super) fn foreign(mut self, text: &str) -> Self {
        self.0.push(Piece::Foreign(text.to_owned()));
        self
    }

    /// Adds what a text of others was computed to. A number is ours, unless the text holds a secret, which may be the
    /// number; another value of such a text may be the secret in any spelling, and does not show.
    pub(super) fn computed(mut self, value: &str, number: bool, from: &str) -> Self {
        self.0.push(Piece::Computed {
            value: value.to_owned(),
            number,
            from: from.to_owned(),
        });
        self
    }

    /// Adds a text of others in double quotes, bounded so that what follows is not cut.
    pub(super) fn quoted(self, text: &str) -> Self {
        let mut quoted = self.own("\"");
        quoted.0.push(Piece::Foreign(text.to_owned()));
        quoted.own("\"")
    }

    /// Adds another line's words.
    pub(super) fn then(mut self, other: Wording) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The line, at most 1 KiB.
    pub(super) fn line(&self, mask: &Mask) -> String {
        let mut line = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Own(text) => line.push_str(text),
                Piece::Computed {
                    value,
                    number,
                    from,
                } => match (holds_none(from, mask), number) {
                    (true, true) => line.push_str(value),
                    (false, false) => line.push_str(MASKED),
                    _ => line.push_str(&hidden(value, mask, QUOTE)),
                },
                Piece::Foreign(text) => line.push_str(&hidden(
                    text,
                    mask,
                    if self.0.len() > 1 { QUOTE } else { MESSAGE },
                )),
            }
        }
        bounded(&line, MESSAGE)
    }
}

fn holds_none(text: &str, mask: &Mask) -> bool {
    let text = bounded(text, READ);
    mask.hide(&text) == text
}

/// `text` with its secrets hidden, on one line, at most `limit` bytes; hidden first, or a cut secret would show.
pub(super) fn hidden(text: &str, mask: &Mask, limit: usize) -> String {
    let text = bounded(text, READ);
    bounded(&mask.hide_in_message(&one_line(&mask.hide(&text))), limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_in_the_words_of_others_alone() {
        let mask = Mask::new(["1", "hunter2"]);
        let message = Wording::default()
            .own("is 1: ")
            .quoted("hunter2 < 1")
            .own(" 1");
        assert_eq!(message.line(&mask), "is 1: \"***** < *****\" 1");
    }

    #[test]
    fn what_follows_a_long_quote_is_still_said() {
        let message = Wording::default()
            .quoted(&"x".repeat(5000))
            .own(" is false");
        let line = message.line(&Mask::default());
        assert!(
            line.len() <= MESSAGE && line.ends_with("…\" is false"),
            "{line}"
        );
        assert_eq!(
            Wording::of_others(&"x".repeat(5000))
                .line(&Mask::default())
                .len(),
            MESSAGE
        );
    }

    #[test]
    fn a_secret_over_the_bound_shows_no_part_of_itself() {
        let secret = "s".repeat(400);
        let line = Wording::default()
            .foreign(&secret)
            .own(" end")
            .line(&Mask::new([secret.as_str()]));
        assert_eq!(line, "***** end");
    }
}

//! Words and numbers, with holes or without.

use std::sync::LazyLock;

use super::{Failed, Lexer, Place, is_blank, is_word, number};
use crate::promql::Features;
use crate::promql::error::{ParseErrorKind, shown};
use crate::promql::token::{Keyword, Kind, Token, word};
use crate::text::filled::is_hole;
use crate::text::span::Span;

/// Go's `unicode.IsLetter`, which knows no combining marks and no letter-like numbers.
fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Option<regex::Regex>> =
        LazyLock::new(|| regex::Regex::new(r"^\p{L}").ok());
    let letter = LETTER.as_ref();
    letter.is_some_and(|letter| letter.is_match(c.encode_utf8(&mut [0; 4])))
}

impl Lexer<'_> {
    /// A number or a duration, with holes or without.
    pub(super) fn number(&mut self, start: usize) -> Result<Token, Failed> {
        if self.place == Place::Braces {
            return self.unexpected("");
        }
        let is_in_brackets = self.place == Place::Bracket;
        if is_in_brackets {
            self.has_duration = true;
            self.place = Place::Duration;
        }
        if !self.holes.is_empty() {
            let end = self.end_of_digits(start);
            if self.has_hole(Span::new(start, end)) {
                return self.number_with_hole(Span::new(start, end));
            }
        }
        match number::scan(self.text.as_bytes(), start) {
            Ok((end, true)) => Ok(self.token(Kind::Number, end - start)),
            Ok((end, false)) => Ok(self.token(Kind::Duration, end - start)),
            Err(end) => self.bad_number(Span::new(start, end.max(start + 1))),
        }
    }

    fn bad_number<T>(&self, span: Span) -> Result<T, Failed> {
        let text = shown(span.of(self.text));
        self.fail(ParseErrorKind::Number { text }, span)
    }

    fn number_with_hole(&mut self, span: Span) -> Result<Token, Failed> {
        if !number::may_become(span.of(self.text)) {
            return self.bad_number(span);
        }
        Ok(self.token(Kind::NumberHole, span.end - span.start))
    }

    fn has_hole(&self, span: Span) -> bool {
        let next = self.holes.partition_point(|hole| hole.start < span.start);
        self.holes.get(next).is_some_and(|hole| span.holds(*hole))
    }

    /// The end of letters, digits, dots and holes, signs of exponents included where a hole is behind.
    fn end_of_digits(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            at += match bytes.get(at) {
                Some(byte) if is_word(*byte) || *byte == b'.' => 1,
                Some(b'+' | b'-')
                    if at > start
                        && matches!(bytes[at - 1], b'e' | b'E')
                        && self.hole_length(at + 1).is_some() =>
                {
                    1
                }
                Some(0x80..) => match self.hole_length(at) {
                    Some(length) => length,
                    None => return at,
                },
                _ => return at,
            };
        }
    }

    pub(super) fn word(&mut self, start: usize, first: u8) -> Result<Token, Failed> {
        match self.place {
            Place::Open => {}
            Place::Braces if first == b':' => return self.unexpected(""),
            Place::Braces => {}
            Place::Bracket | Place::Duration => return self.word_in_bracket(start, first),
        }
        let first_hole = (first >= 0x80).then(|| self.hole_length(start)).flatten();
        if first >= 0x80 && first_hole.is_none() {
            self.check_letter(start)?;
        }
        let end = self.end_of_name(start);
        let text = &self.text[start..end];
        if self.place == Place::Braces {
            return Ok(self.token(Kind::Identifier, end - start));
        }
        if first_hole.is_some() {
            let is_bare = text.chars().all(|c| is_hole(c) || c.is_ascii_digit());
            let next = self.text.as_bytes().get(end);
            if is_bare && next == Some(&b'.') && self.is_digit_or_hole(end + 1) {
                let end = self.end_of_digits(start);
                return self.number_with_hole(Span::new(start, end));
            }
            if is_bare {
                return Ok(self.token(Kind::Hole, end - start));
            }
        }
        let kind = match word(text.as_bytes()) {
            Some(Kind::Keyword(Keyword::Fill | Keyword::FillLeft | Keyword::FillRight))
                if !self.is_before_paren(end) =>
            {
                Kind::Identifier
            }
            Some(kind) => kind,
            None if text.contains(':') => Kind::MetricIdentifier,
            None => Kind::Identifier,
        };
        Ok(self.token(kind, end - start))
    }

    /// A letter outside ASCII: only a server with a flag takes it in a name without quotes.
    fn check_letter(&self, start: usize) -> Result<(), Failed> {
        let c = self.text[start..].chars().next().unwrap_or_default();
        if !is_letter(c) {
            return self.unexpected("");
        }
        match self.features {
            Features::All => Ok(()),
            Features::Stock => self.fail(
                ParseErrorKind::Experimental {
                    what: format!("`{c}` in a name without quotes"),
                    flag: "promql-unquoted-utf8-names",
                },
                Span::new(start, start + c.len_utf8()),
            ),
        }
    }

    fn end_of_name(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let has_colons = self.place == Place::Open;
        let mut at = start;
        loop {
            at += match bytes.get(at) {
                Some(byte) if is_word(*byte) => 1,
                Some(b':') if has_colons => 1,
                Some(b'.') if self.features == Features::All && at > start => 1,
                Some(0x80..) => {
                    if let Some(length) = self.hole_length(at) {
                        at += length;
                        continue;
                    }
                    let letter = self.text[at..].chars().next().filter(|c| is_letter(*c));
                    match letter.filter(|_| self.features == Features::All) {
                        Some(letter) => letter.len_utf8(),
                        None => return at,
                    }
                }
                _ => return at,
            };
        }
    }

    /// Whether the next sign is `(`; a comment is none, but stands in between (`peekFollowedByLeftParen`).
    fn is_before_paren(&self, at: usize) -> bool {
        let mut rest = self.text.as_bytes()[at..].iter();
        rest.find(|byte| !is_blank(**byte)) == Some(&b'(')
    }

    fn word_in_bracket(&mut self, start: usize, first: u8) -> Result<Token, Failed> {
        if first == b':' {
            return self.colon_in_bracket();
        }
        if self.hole_length(start).is_some() {
            let span = Span::new(start, self.end_of_digits(start));
            self.has_duration = true;
            self.place = Place::Duration;
            return self.number_with_hole(span);
        }
        let bytes = self.text.as_bytes()[start..].iter();
        let length = bytes
            .take_while(|b| b.is_ascii_alphabetic() || **b == b'_')
            .count();
        let kind = word(&self.text.as_bytes()[start..start + length]);
        match kind {
            Some(Kind::Keyword(
                Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf,
            )) => {}
            _ => return self.unexpected("; expected a duration, such as `5m`"),
        }
        if self.place == Place::Bracket {
            self.has_duration = true;
        }
        Ok(self.token(kind.unwrap_or(Kind::End), length))
    }
}

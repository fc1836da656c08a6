//! Text into tokens, with the states that Prometheus's lexer has inside braces and brackets.
//!
//! The rules are those of `promql/parser/lex.go`. What a byte means hangs on the brackets around it: inside braces there are
//! no keywords, inside brackets no names, and right behind `[`, up to the first number, no comments either.

pub(super) mod number;
pub(super) mod string;

use std::sync::LazyLock;

pub(super) use number::may_become;

use crate::promql::ast::BinaryOp;
use crate::promql::error::{ParseError, ParseErrorKind};
use crate::promql::limits;
use crate::promql::token::{Keyword, Kind, Token, word};
use crate::promql::{Features, Options};
use crate::text::chain::bounded;
use crate::text::filled::HOLE;
use crate::text::span::Span;

/// Errors are boxed, since they are larger than what they stand beside.
pub(super) type Failed = Box<ParseError>;

/// Where the next token is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside braces and brackets.
    Open,
    Braces,
    /// Behind `[`, before the first number (`lexDurationExpr`).
    Bracket,
    /// Further in brackets.
    Duration,
}

/// Reads one token after the other.
pub(super) struct Lexer<'a> {
    text: &'a str,
    holes: &'a [Span],
    features: Features,
    at: usize,
    place: Place,
    has_colon: bool,
    has_duration: bool,
    tokens: usize,
    /// The comments so far.
    pub(super) comments: Vec<Span>,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Go's `unicode.IsLetter`, which knows no combining marks and no letter-like numbers.
fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Option<regex::Regex>> =
        LazyLock::new(|| regex::Regex::new(r"^\p{L}").ok());
    let letter = LETTER.as_ref();
    letter.is_some_and(|letter| letter.is_match(c.encode_utf8(&mut [0; 4])))
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, options: Options<'a>) -> Self {
        Lexer {
            text,
            holes: options.holes,
            features: options.features,
            at: 0,
            place: Place::Open,
            has_colon: false,
            has_duration: false,
            tokens: 0,
            comments: Vec::new(),
        }
    }

    /// The next token that is no comment.
    pub(super) fn next(&mut self) -> Result<Token, Failed> {
        self.tokens += 1;
        if self.tokens > limits::TOKENS {
            let limit = limits::TOKENS;
            return self.fail(
                ParseErrorKind::TooManyTokens { limit },
                Span::new(self.at, self.text.len()),
            );
        }
        self.skip();
        let start = self.at;
        let Some(byte) = self.peek(0) else {
            return Ok(self.token(Kind::End, 0));
        };
        if byte.is_ascii_digit()
            || byte == b'.' && self.place != Place::Braces && self.is_digit_or_hole(start + 1)
        {
            return self.number(start);
        }
        if is_word_start(byte) || byte >= 0x80 || byte == b':' {
            return self.word(start, byte);
        }
        match byte {
            b'"' | b'\'' | b'`' if self.place != Place::Bracket => {
                match string::end(self.text, start) {
                    Ok(end) => Ok(self.token(Kind::String, end - start)),
                    Err((kind, span)) => self.fail(kind, span),
                }
            }
            _ => self.sign(byte),
        }
    }

    /// Whether a hole begins at `at`.
    pub(super) fn is_hole(&self, at: usize) -> bool {
        self.holes
            .binary_search_by(|hole| hole.start.cmp(&at))
            .is_ok()
    }

    fn hole_length(&self, at: usize) -> Option<usize> {
        let is_one = !self.holes.is_empty() && self.is_hole(at);
        (is_one && self.text[at..].starts_with(HOLE)).then_some(HOLE.len_utf8())
    }

    fn peek(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }

    fn is_digit_or_hole(&self, at: usize) -> bool {
        let byte = self.text.as_bytes().get(at);
        byte.is_some_and(u8::is_ascii_digit) || self.hole_length(at).is_some()
    }

    fn token(&mut self, kind: Kind, length: usize) -> Token {
        let span = Span::new(self.at, self.at + length);
        self.at = span.end;
        Token { kind, span }
    }

    fn fail<T>(&self, kind: ParseErrorKind, span: Span) -> Result<T, Failed> {
        Err(Box::new(ParseError { kind, span }))
    }

    /// Goes past blanks and, where there may be some, comments.
    fn skip(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(byte) if is_blank(*byte) => self.at += 1,
                Some(b'#') if self.place != Place::Bracket => {
                    let rest = &bytes[self.at..];
                    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                    let start = self.at;
                    self.at += end.unwrap_or(rest.len());
                    self.comments.push(Span::new(start, self.at));
                }
                _ => return,
            }
        }
    }

    fn unexpected<T>(&self, remedy: &'static str) -> Result<T, Failed> {
        let found = self.text[self.at..].chars().next().unwrap_or_default();
        let inside = match self.place {
            Place::Open => None,
            Place::Braces => Some("braces"),
            Place::Bracket | Place::Duration => Some("brackets"),
        };
        let span = Span::new(self.at, self.at + found.len_utf8());
        let kind = ParseErrorKind::Character {
            found,
            inside,
            remedy,
        };
        self.fail(kind, span)
    }

    fn sign(&mut self, byte: u8) -> Result<Token, Failed> {
        let next = self.peek(1);
        if self.place == Place::Braces {
            return self.sign_in_braces(byte, next);
        }
        let binary = |op| Kind::Binary(op);
        let (kind, length) = match (byte, next) {
            (b'(', _) => (Kind::LeftParen, 1),
            (b')', _) => (Kind::RightParen, 1),
            (b',', _) => (Kind::Comma, 1),
            (b'+', _) => (binary(BinaryOp::Add), 1),
            (b'-', _) => (binary(BinaryOp::Subtract), 1),
            (b'*', _) => (binary(BinaryOp::Multiply), 1),
            (b'/', _) => (binary(BinaryOp::Divide), 1),
            (b'%', _) => (binary(BinaryOp::Modulo), 1),
            (b'^', _) => (binary(BinaryOp::Power), 1),
            (b']', _) => return self.close_bracket(),
            _ if self.place == Place::Bracket => {
                return self.unexpected(match byte {
                    b'#' => "; write the comment behind the duration",
                    _ => "",
                });
            }
            (b'[', _) => return self.open_bracket(),
            (b'{', _) => {
                self.place = Place::Braces;
                (Kind::LeftBrace, 1)
            }
            (b'=', Some(b'=')) => (binary(BinaryOp::Equal), 2),
            (b'=', Some(b'~')) => {
                return self.unexpected("; regular expressions stand in braces only");
            }
            (b'=', _) => (Kind::Equal, 1),
            (b'!', Some(b'=')) => (binary(BinaryOp::NotEqual), 2),
            (b'!', _) => return self.unexpected("; write `!=` to compare"),
            (b'<', Some(b'=')) => (binary(BinaryOp::LessOrEqual), 2),
            (b'<', Some(b'/')) => (binary(BinaryOp::TrimUpper), 2),
            (b'<', _) => (binary(BinaryOp::Less), 1),
            (b'>', Some(b'=')) => (binary(BinaryOp::GreaterOrEqual), 2),
            (b'>', Some(b'/')) => (binary(BinaryOp::TrimLower), 2),
            (b'>', _) => (binary(BinaryOp::Greater), 1),
            (b'@', _) => (Kind::At, 1),
            _ => {
                return self.unexpected(match byte {
                    b'.' => "; a metric's name with dots stands in quotes, `{\"a.b\"}`",
                    b'&' => "; write `and`",
                    b'|' => "; write `or`",
                    _ => "",
                });
            }
        };
        Ok(self.token(kind, length))
    }

    fn sign_in_braces(&mut self, byte: u8, next: Option<u8>) -> Result<Token, Failed> {
        let (kind, length) = match (byte, next) {
            (b',', _) => (Kind::Comma, 1),
            (b'=', Some(b'~')) => (Kind::EqualRegexp, 2),
            (b'=', _) => (Kind::Equal, 1),
            (b'!', Some(b'~')) => (Kind::NotEqualRegexp, 2),
            (b'!', Some(b'=')) => (Kind::Binary(BinaryOp::NotEqual), 2),
            (b'!', _) => return self.unexpected("; write `!=` or `!~`"),
            (b'}', _) => {
                self.place = Place::Open;
                (Kind::RightBrace, 1)
            }
            (b'.' | b'-' | b'/', _) => {
                return self.unexpected("; a label's name with such characters stands in quotes");
            }
            _ => return self.unexpected(""),
        };
        Ok(self.token(kind, length))
    }

    fn open_bracket(&mut self) -> Result<Token, Failed> {
        if self.place != Place::Open {
            return self.unexpected("");
        }
        self.place = Place::Bracket;
        self.has_colon = false;
        self.has_duration = false;
        Ok(self.token(Kind::LeftBracket, 1))
    }

    fn close_bracket(&mut self) -> Result<Token, Failed> {
        if self.place == Place::Open {
            return self.unexpected("");
        }
        self.place = Place::Open;
        Ok(self.token(Kind::RightBracket, 1))
    }

    fn colon_in_bracket(&mut self) -> Result<Token, Failed> {
        if self.place == Place::Bracket && !self.has_duration {
            return self.unexpected("; a range stands before the colon, `[5m:1m]`");
        }
        if self.has_colon {
            return self.unexpected("");
        }
        self.has_colon = true;
        Ok(self.token(Kind::Colon, 1))
    }

    /// A number or a duration, with holes or without.
    fn number(&mut self, start: usize) -> Result<Token, Failed> {
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
        let text = bounded(span.of(self.text), 40);
        self.fail(ParseErrorKind::Number { text }, span)
    }

    fn number_with_hole(&mut self, span: Span) -> Result<Token, Failed> {
        if !number::may_become(span.of(self.text), HOLE) {
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

    fn word(&mut self, start: usize, first: u8) -> Result<Token, Failed> {
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
            let is_bare = text.chars().all(|c| c == HOLE || c.is_ascii_digit());
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

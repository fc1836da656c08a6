//! Text into tokens, with the states that Prometheus's lexer has inside braces and brackets.
//!
//! The rules are those of `promql/parser/lex.go`. What a byte means hangs on the brackets around it: inside braces there are
//! no keywords, inside brackets no names, and right behind `[`, up to the first number, no comments either.

pub(super) mod number;
pub(super) mod string;
mod word;

pub(super) use number::may_become;

use crate::promql::ast::BinaryOp;
use crate::promql::error::{ParseError, ParseErrorKind};
use crate::promql::limits;
use crate::promql::token::{Kind, Token};
use crate::promql::{Features, Options};
use crate::text::filled::{HOLE, is_hole};
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
        (is_one && self.text[at..].starts_with(is_hole)).then_some(HOLE.len_utf8())
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
}

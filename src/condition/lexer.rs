//! A condition's text into tokens, as expr's `parser/lexer` cuts them.

use std::sync::LazyLock;

use regex::Regex;

use super::ConditionError;

/// What a token is; the names are those of Go's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier,
    Number,
    String,
    Bytes,
    Operator,
    Bracket,
    Eof,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The text; of a string literal what it stands for (any bytes).
    pub(super) value: Vec<u8>,
    /// Byte range in the source.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    pub(super) fn is(&self, kind: Kind, value: &str) -> bool {
        self.kind == kind && self.value == value.as_bytes()
    }

    pub(super) fn operator(&self, value: &str) -> bool {
        self.is(Kind::Operator, value)
    }

    pub(super) fn bracket(&self, value: &str) -> bool {
        self.is(Kind::Bracket, value)
    }

    /// The value as text; only literals can hold bytes that are none.
    pub(super) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }

    /// `Operator("=")`, as Go writes a token.
    pub(super) fn describe(&self) -> String {
        let kind = match self.kind {
            Kind::Eof => return "EOF".into(),
            Kind::Identifier => "Identifier",
            Kind::Number => "Number",
            Kind::String => "String",
            Kind::Bytes => "Bytes",
            Kind::Operator => "Operator",
            Kind::Bracket => "Bracket",
        };
        if self.value.is_empty() {
            return kind.into();
        }
        let text = crate::text::chain::bounded(&self.text(), super::limits::QUOTED);
        format!("{kind}({text:?})")
    }
}

static LETTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\p{L}$").expect("the pattern is valid"));
static DIGIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\p{Nd}$").expect("the pattern is valid"));

fn in_class(class: &Regex, c: char) -> bool {
    class.is_match(c.encode_utf8(&mut [0; 4]))
}

/// Go's `unicode.IsLetter`, and `_` and `$`.
fn is_alphabetic(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$' || (!c.is_ascii() && in_class(&LETTER, c))
}

fn is_alphanumeric(c: char) -> bool {
    c.is_ascii_digit() || is_alphabetic(c) || (!c.is_ascii() && in_class(&DIGIT, c))
}

/// Whether `word` can name a member, so that operators such as `in` can too.
pub(super) fn is_identifier(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else {
        return false;
    };
    word.chars().next().is_some_and(is_alphabetic) && word.chars().all(is_alphanumeric)
}

/// Words that are operators.
const WORDS: [&str; 11] = [
    "not",
    "in",
    "or",
    "and",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
];

/// Cuts `text` into tokens, one at a time.
pub(super) struct Lexer<'a> {
    text: &'a str,
    start: usize,
    at: usize,
    /// A `#` may stand directly before a name.
    after_pointer: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            start: 0,
            at: 0,
            after_pointer: false,
        }
    }

    /// The next token; after the last one `Kind::Eof` for ever.
    pub(super) fn next(&mut self) -> Result<Token, ConditionError> {
        if std::mem::take(&mut self.after_pointer) {
            self.start = self.at;
            self.skip_while(is_alphanumeric);
            if self.at > self.start {
                return Ok(self.token(Kind::Identifier));
            }
        }
        loop {
            self.skip_while(char::is_whitespace);
            self.start = self.at;
            let Some(c) = self.bump() else {
                return Ok(self.token(Kind::Eof));
            };
            match c {
                '/' if self.accept("/") => self.skip_while(|c| c != '\n'),
                '/' if self.accept("*") => match self.text[self.at..].find("*/") {
                    Some(length) => self.at += length + 2,
                    None => return Err(self.error("unclosed comment")),
                },
                _ => return self.lex(c),
            }
        }
    }

    fn lex(&mut self, c: char) -> Result<Token, ConditionError> {
        let kind = match c {
            '\'' | '"' => {
                let value = super::literal::unescape(self.text, &mut self.at, c, false)?;
                return Ok(self.token_of(Kind::String, value));
            }
            'b' | 'B' if matches!(self.peek(), Some('\'' | '"')) => {
                let quote = self.bump().unwrap_or('"');
                let value = super::literal::unescape(self.text, &mut self.at, quote, true)?;
                return Ok(self.token_of(Kind::Bytes, value));
            }
            '`' => {
                let value = self.raw_string()?;
                return Ok(self.token_of(Kind::String, value));
            }
            '0'..='9' => {
                self.at = self.start;
                self.number()?;
                Kind::Number
            }
            '.' if matches!(self.peek(), Some('0'..='9')) => {
                self.at = self.start;
                self.number()?;
                Kind::Number
            }
            '(' | '[' | '{' | ')' | ']' | '}' => Kind::Bracket,
            '#' => {
                self.accept("#");
                self.after_pointer = true;
                Kind::Operator
            }
            '?' => self.operator(".?"),
            '|' => self.operator("|"),
            ':' => self.operator(":"),
            '.' => self.operator("."),
            '&' | '!' | '=' | '*' | '<' | '>' => self.operator("&=*"),
            '/' | ',' | ';' | '%' | '+' | '-' | '^' => Kind::Operator,
            c if is_alphanumeric(c) => {
                self.skip_while(is_alphanumeric);
                if WORDS.contains(&&self.text[self.start..self.at]) {
                    Kind::Operator
                } else {
                    Kind::Identifier
                }
            }
            c => {
                let message = format!("unrecognized character: U+{:04X} '{c}'", u32::from(c));
                return Err(self.error(&message));
            }
        };
        Ok(self.token(kind))
    }

    fn operator(&mut self, second: &str) -> Kind {
        self.accept(second);
        Kind::Operator
    }

    fn number(&mut self) -> Result<(), ConditionError> {
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        let before_dot = self.at;
        if self.accept(".") {
            if self.peek() == Some('.') {
                self.at = before_dot;
                return Ok(());
            }
            self.accept_run(digits);
        }
        if self.accept("eE") {
            self.accept("+-");
            self.accept_run(digits);
        }
        if self.peek().is_some_and(is_alphanumeric) {
            self.bump();
            let word = &self.text[self.start..self.at];
            return Err(self.error(&format!("bad number syntax: {word:?}")));
        }
        Ok(())
    }

    /// Between backticks everything stands for itself, a doubled backtick for one.
    fn raw_string(&mut self) -> Result<Vec<u8>, ConditionError> {
        let mut value = Vec::new();
        loop {
            match self.bump() {
                None => return Err(self.error("literal not terminated")),
                Some('`') if !self.accept("`") => return Ok(value),
                Some(c) => value.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| valid.contains(c));
        if accepted {
            self.bump();
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
    }

    fn token(&self, kind: Kind) -> Token {
        let value = self.text.as_bytes()[self.start..self.at].to_vec();
        self.token_of(kind, value)
    }

    fn token_of(&self, kind: Kind, value: Vec<u8>) -> Token {
        Token {
            kind,
            value,
            start: self.start,
            end: self.at,
        }
    }

    fn error(&self, message: &str) -> ConditionError {
        ConditionError::compile(message, self.at)
    }
}

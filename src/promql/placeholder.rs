//! A query with `$(run.…)` placeholders into the query that is sent.
//!
//! A value is written by the *position* of its placeholder, so that it cannot break out of it: inside the string of a
//! `=` or `!=` matcher escaped for PromQL, inside that of `=~` or `!~` also quoted for the regular expression, in the
//! place of a duration only a duration. Anywhere else a placeholder is an error. `$$(` is a literal `$(`.
//!
//! Nothing else of the query is understood here, so a query in another dialect passes too.

use crate::text::nearest::nearest;

/// The placeholders that there are: `$(run.hash)` and so on.
pub const NAMES: [&str; 6] = ["namespace", "hash", "rollout", "name", "step", "elapsed"];

/// What stands in the place of a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text for a matcher.
    Text(String),
    /// Whole seconds for a range, an offset or a step.
    Seconds(u64),
}

/// Why a placeholder cannot be filled in; offsets are bytes of the query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// A `$(run.…)` that there is not.
    #[error("unknown placeholder `$(run.{name})`; {}", known(.near.as_deref(), .names))]
    Unknown {
        /// What stands after `run.`.
        name: String,
        /// The nearest known one.
        near: Option<String>,
        /// The known ones.
        names: Vec<&'static str>,
        /// Where it begins.
        offset: usize,
    },
    /// The run has no such value.
    #[error(
        "`$(run.{name})` has no value in this run; pass it as an argument, `{{{{args.{name}}}}}`"
    )]
    NoValue {
        /// Its name.
        name: &'static str,
        /// Where it begins.
        offset: usize,
    },
    /// A placeholder outside the places where it can be written safely.
    #[error(
        "`$(run.{name})` stands neither in the string of a label matcher nor in the place of a duration"
    )]
    Misplaced {
        /// Its name.
        name: &'static str,
        /// Where it begins.
        offset: usize,
    },
    /// Text where a duration is needed, or the other way round.
    #[error("`$(run.{name})` is {found} and stands in the place of {expected}")]
    Mismatched {
        /// Its name.
        name: &'static str,
        /// What it is.
        found: &'static str,
        /// What the place needs.
        expected: &'static str,
        /// Where it begins.
        offset: usize,
    },
    /// A back-quoted string has no escapes, so it cannot hold every value.
    #[error(
        "the value of `$(run.{name})` cannot be written into a back-quoted string; use double quotes"
    )]
    BackQuoted {
        /// Its name.
        name: &'static str,
        /// Where it begins.
        offset: usize,
    },
    /// `$(run.` without its `)`.
    #[error("`$(run.` is not closed by `)`")]
    Unclosed {
        /// Where it begins.
        offset: usize,
    },
}

fn known(near: Option<&str>, names: &[&'static str]) -> String {
    match near {
        Some(near) => format!("did you mean `$(run.{near})`"),
        None => format!(
            "known are {}",
            names
                .iter()
                .map(|n| format!("`$(run.{n})`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// Where in a query the scanner stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between tokens; `matches` is the last operator in braces.
    Code,
    /// In a string, closed by `quote`; a matcher's where `matches` is set.
    Text {
        quote: char,
        matches: Option<Matching>,
    },
    /// In a `#` comment.
    Comment,
}

/// How a matcher reads its string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matching {
    Plain,
    Regexp,
}

/// Writes the values of `values` (name and, where the run has one, value) into `query`.
pub fn fill(
    query: &str,
    values: &[(&'static str, Option<Value>)],
) -> Result<String, PlaceholderError> {
    if !query.contains("$(run.") && !query.contains("$$(") {
        return Ok(query.to_owned());
    }
    let mut scanner = Scanner::default();
    let mut filled = String::with_capacity(query.len() + 32);
    let mut offset = 0;
    while let Some(c) = query[offset..].chars().next() {
        let rest = &query[offset..];
        if rest.starts_with("$$(") {
            filled.push_str("$(");
            scanner.token_in_code();
            offset += 3;
        } else if rest.starts_with("$(run.") && scanner.place != Place::Comment {
            let end = rest
                .find(')')
                .ok_or(PlaceholderError::Unclosed { offset })?;
            let (name, value) = look_up(&rest["$(run.".len()..end], values, offset)?;
            filled.push_str(&scanner.written(name, value, offset)?);
            scanner.token_in_code();
            offset += end + 1;
        } else {
            let width = scanner.step(c, rest);
            filled.push_str(&rest[..width]);
            offset += width;
        }
    }
    Ok(filled)
}

/// Fills placeholders into a plain value, as it is: a setting that is no query, `namespace`.
pub fn fill_plain(
    text: &str,
    values: &[(&'static str, Option<Value>)],
) -> Result<String, PlaceholderError> {
    let mut filled = String::with_capacity(text.len());
    let mut offset = 0;
    while let Some(c) = text[offset..].chars().next() {
        let rest = &text[offset..];
        if rest.starts_with("$$(") {
            filled.push_str("$(");
            offset += 3;
        } else if rest.starts_with("$(run.") {
            let end = rest
                .find(')')
                .ok_or(PlaceholderError::Unclosed { offset })?;
            match look_up(&rest["$(run.".len()..end], values, offset)? {
                (_, Value::Text(value)) => filled.push_str(value),
                (_, Value::Seconds(seconds)) => filled.push_str(&format!("{seconds}s")),
            }
            offset += end + 1;
        } else {
            filled.push(c);
            offset += c.len_utf8();
        }
    }
    Ok(filled)
}

fn look_up<'a>(
    name: &str,
    values: &'a [(&'static str, Option<Value>)],
    offset: usize,
) -> Result<(&'static str, &'a Value), PlaceholderError> {
    match values.iter().find(|(known, _)| *known == name) {
        Some((name, Some(value))) => Ok((name, value)),
        Some((name, None)) => Err(PlaceholderError::NoValue { name, offset }),
        None => {
            let names: Vec<_> = values.iter().map(|(known, _)| *known).collect();
            let near = nearest(name, names.iter().copied()).map(str::to_owned);
            let name = crate::text::chain::bounded(name, 40);
            Err(PlaceholderError::Unknown {
                name,
                near,
                names,
                offset,
            })
        }
    }
}

struct Scanner {
    place: Place,
    /// Nesting of `{`: matchers stand inside.
    braces: usize,
    /// Nesting of `[`: durations stand inside.
    brackets: usize,
    /// The matcher operator just read, inside braces.
    matches: Option<Matching>,
    /// The word just read: after `offset` stands a duration.
    word: String,
}

impl Default for Scanner {
    fn default() -> Self {
        Scanner {
            place: Place::Code,
            braces: 0,
            brackets: 0,
            matches: None,
            word: String::new(),
        }
    }
}

impl Scanner {
    /// Takes the token at the beginning of `rest`, whose first character is `c`; answers its bytes.
    fn step(&mut self, c: char, rest: &str) -> usize {
        match self.place {
            Place::Comment => {
                if c == '\n' || c == '\r' {
                    self.place = Place::Code;
                }
                c.len_utf8()
            }
            Place::Text { quote, .. } => {
                if c == quote {
                    self.place = Place::Code;
                    self.token_in_code();
                } else if c == '\\' && quote != '`' {
                    return c.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8);
                }
                c.len_utf8()
            }
            Place::Code => self.step_in_code(c, rest),
        }
    }

    fn step_in_code(&mut self, c: char, rest: &str) -> usize {
        if c.is_whitespace() {
            return c.len_utf8();
        }
        if c == '#' {
            self.place = Place::Comment;
            return 1;
        }
        if matches!(c, '"' | '\'' | '`') {
            let matches = self.matches.filter(|_| self.braces > 0);
            self.place = Place::Text { quote: c, matches };
            return 1;
        }
        if c.is_alphanumeric() || c == '_' {
            let width = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            self.token_in_code();
            self.word = rest[..width].to_lowercase();
            return width;
        }
        let sign_of_a_duration = matches!(c, '+' | '-') && self.word == "offset";
        if !sign_of_a_duration {
            self.token_in_code();
        }
        match c {
            '{' => self.braces += 1,
            '}' => self.braces = self.braces.saturating_sub(1),
            '[' => self.brackets += 1,
            ']' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        for (operator, matches) in [
            ("=~", Matching::Regexp),
            ("!~", Matching::Regexp),
            ("!=", Matching::Plain),
            ("=", Matching::Plain),
        ] {
            if rest.starts_with(operator) {
                self.matches = Some(matches);
                return operator.len();
            }
        }
        c.len_utf8()
    }

    /// Another token has been read: what stood before it no longer decides what may follow.
    fn token_in_code(&mut self) {
        if self.place == Place::Code {
            self.matches = None;
            self.word.clear();
        }
    }

    fn written(
        &self,
        name: &'static str,
        value: &Value,
        offset: usize,
    ) -> Result<String, PlaceholderError> {
        match (self.place, value) {
            (
                Place::Text {
                    quote,
                    matches: Some(matches),
                },
                Value::Text(text),
            ) => {
                let text = match matches {
                    Matching::Plain => text.clone(),
                    Matching::Regexp => quoted_for_regexp(text),
                };
                if quote != '`' {
                    return Ok(escaped(&text, quote));
                }
                if text.contains('`') {
                    Err(PlaceholderError::BackQuoted { name, offset })
                } else {
                    Ok(text)
                }
            }
            (
                Place::Text {
                    matches: Some(_), ..
                },
                Value::Seconds(_),
            ) => Err(PlaceholderError::Mismatched {
                name,
                found: "a duration",
                expected: "text",
                offset,
            }),
            (Place::Code, value)
                if self.braces == 0 && (self.brackets > 0 || self.word == "offset") =>
            {
                match value {
                    Value::Seconds(seconds) => Ok(format!("{seconds}s")),
                    Value::Text(_) => Err(PlaceholderError::Mismatched {
                        name,
                        found: "text",
                        expected: "a duration",
                        offset,
                    }),
                }
            }
            _ => Err(PlaceholderError::Misplaced { name, offset }),
        }
    }
}

/// For a string between `quote`s, as Go's `strconv.Unquote` (which PromQL uses) reads it back.
fn escaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Every character that RE2 gives a meaning to gets a backslash (`regexp.QuoteMeta`).
fn quoted_for_regexp(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled_with(hash: &str, query: &str) -> Result<String, String> {
        let values = [
            ("hash", Some(Value::Text(hash.to_owned()))),
            ("rollout", None),
            ("elapsed", Some(Value::Seconds(240))),
        ];
        fill(query, &values).map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_written_by_position() {
        for (hash, query, filled) in [
            (
                "5478f49d8b",
                r#"up{pod=~"echo-$(run.hash)-.*"}"#,
                r#"up{pod=~"echo-5478f49d8b-.*"}"#,
            ),
            ("a.b", r#"up{pod=~"$(run.hash)"}"#, r#"up{pod=~"a\\.b"}"#),
            ("a.b", r#"up{pod!~'$(run.hash)'}"#, r#"up{pod!~'a\\.b'}"#),
            ("a.b", r#"up{pod=~`$(run.hash)`}"#, r#"up{pod=~`a\.b`}"#),
            ("a.b", r#"up{pod="$(run.hash)"}"#, r#"up{pod="a.b"}"#),
            (
                r#"x"} or vector(0) #"#,
                r#"up{pod="$(run.hash)"}"#,
                r#"up{pod="x\"} or vector(0) #"}"#,
            ),
            (r#"x'"\"#, r#"up{pod='$(run.hash)'}"#, r#"up{pod='x\'"\\'}"#),
            ("x\n", r#"up{pod="$(run.hash)"}"#, r#"up{pod="x\n"}"#),
            (
                ".*|a",
                r#"up{pod=~"$(run.hash)"}"#,
                r#"up{pod=~"\\.\\*\\|a"}"#,
            ),
            (
                "x",
                r#"up{a="\"",pod = "$(run.hash)", b="}"}"#,
                r#"up{a="\"",pod = "x", b="}"}"#,
            ),
            (
                "x",
                "up{pod=# pod=~\n\"$(run.hash)\"}",
                "up{pod=# pod=~\n\"x\"}",
            ),
            ("x", "rate(up[$(run.elapsed)])", "rate(up[240s])"),
            (
                "x",
                "rate(up[5m:$(run.elapsed)] offset -$(run.elapsed))",
                "rate(up[5m:240s] offset -240s)",
            ),
            ("x", "up OFFSET $(run.elapsed)", "up OFFSET 240s"),
            (
                "x",
                r#"label_replace(up, "a", "$$(1)", "b", "$1")"#,
                r#"label_replace(up, "a", "$(1)", "b", "$1")"#,
            ),
            ("x", "up # $(run.hash) stays\n", "up # $(run.hash) stays\n"),
            ("x", "up{pod=~\"$(other)\"}", "up{pod=~\"$(other)\"}"),
            (
                "x",
                r#"{"http.requests", pod="$(run.hash)"}"#,
                r#"{"http.requests", pod="x"}"#,
            ),
        ] {
            assert_eq!(filled_with(hash, query), Ok(filled.to_owned()), "{query}");
        }
    }

    #[test]
    fn anywhere_else_it_is_an_error() {
        let misplaced = "`$(run.hash)` stands neither in the string of a label matcher nor in the place of a duration";
        for (hash, query, error) in [
            ("x", "$(run.hash)", misplaced),
            ("x", "up == $(run.hash)", misplaced),
            (
                "x",
                r#"label_replace(up, "a", "$(run.hash)", "b", "c")"#,
                misplaced,
            ),
            ("x", r#"{"$(run.hash)"}"#, misplaced),
            ("x", r#"up{"$(run.hash)"="a"}"#, misplaced),
            ("x", r#"x == "$(run.hash)""#, misplaced),
            ("x", "up{a=$(run.hash)}", misplaced),
            (
                "x",
                "rate(up[$(run.hash)])",
                "`$(run.hash)` is text and stands in the place of a duration",
            ),
            (
                "x",
                r#"up{a="$(run.elapsed)"}"#,
                "`$(run.elapsed)` is a duration and stands in the place of text",
            ),
            (
                "x",
                r#"up{a="$(run.rollout)"}"#,
                "`$(run.rollout)` has no value in this run; pass it as an argument, `{{args.rollout}}`",
            ),
            (
                "x",
                r#"up{a="$(run.has)"}"#,
                "unknown placeholder `$(run.has)`; did you mean `$(run.hash)`",
            ),
            (
                "x",
                r#"up{a="$(run.pod)"}"#,
                "unknown placeholder `$(run.pod)`; known are `$(run.hash)`, `$(run.rollout)`, `$(run.elapsed)`",
            ),
            (
                "x",
                r#"up{a="$(run.hash"}"#,
                "`$(run.` is not closed by `)`",
            ),
            (
                "a`b",
                "up{a=`$(run.hash)`}",
                "the value of `$(run.hash)` cannot be written into a back-quoted string; use double quotes",
            ),
        ] {
            assert_eq!(filled_with(hash, query), Err(error.to_owned()), "{query}");
        }
    }
}

//! Go's regular expressions into those of the regex crate.
//!
//! The dialects are close but not equal: Go's `\d`, `\w`, `\s` and `\b` know ASCII only, it refuses `a**` and repeats
//! above 1000, and takes `{` for itself where it repeats nothing. So a pattern is read by Go's rules
//! (`regexp/syntax`) and written anew.

mod class;

use regex::bytes::{Regex, RegexBuilder};

/// Longest pattern that `compile` takes, in bytes.
const LENGTH: usize = 4 * 1024;

/// Largest compiled pattern, in bytes.
const PROGRAM: usize = 1024 * 1024;

/// Deepest nesting that is compiled.
const DEPTH: u32 = 200;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// Atoms after all counted repeats: what one byte of text may cost.
    atoms: usize,
}

/// Go's largest repeat.
const REPEATS: usize = 1000;

/// Why a text is no pattern, in Go's words where it has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {0}")]
pub struct PatternError(String);

impl Pattern {
    /// Whether it is found in `text`.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// What matching a text of `length` bytes is charged.
    pub fn steps(&self, length: usize) -> usize {
        length.saturating_mul(self.atoms) / 32 + 1
    }
}

/// Compiles a pattern of Go's dialect; at most 4 KiB of text, and 1 MiB when compiled.
pub fn compile(pattern: &[u8]) -> Result<Pattern, PatternError> {
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        return Err(PatternError("invalid UTF-8".into()));
    };
    if pattern.len() > LENGTH {
        return Err(PatternError(format!(
            "the pattern is longer than {LENGTH} bytes"
        )));
    }
    let (text, atoms) = translate(pattern)?;
    build(&text, atoms)
}

/// Compiles a pattern as Prometheus matches labels with it: the whole value, and `.` is any character
/// (`NewFastRegexMatcher` in `model/labels/regexp.go`).
///
/// What is fine in Go but more than 1 MiB when compiled, or nested deeper than 200, is an error here and none in [`check`].
pub fn compile_anchored(pattern: &str) -> Result<Pattern, PatternError> {
    let (text, atoms) = translate(pattern)?;
    build(&format!("^(?s:{text})$"), atoms)
}

/// Whether a text is a pattern of Go's dialect, without compiling it.
pub fn check(pattern: &str) -> Result<(), PatternError> {
    translate(pattern).map(|_| ())
}

/// The same pattern in the regex crate's dialect, and its atoms.
fn translate(pattern: &str) -> Result<(String, usize), PatternError> {
    let mut reader = Reader {
        pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() * 2),
        groups: vec![Group::default()],
    };
    reader.read()?;
    let atoms = reader.groups.first().map_or(1, |group| group.atoms.max(1));
    Ok((reader.out, atoms))
}

fn build(text: &str, atoms: usize) -> Result<Pattern, PatternError> {
    let regex = RegexBuilder::new(text)
        .size_limit(PROGRAM)
        .dfa_size_limit(2 * PROGRAM)
        .nest_limit(DEPTH)
        .build()
        .map_err(|_| PatternError("expression too large".into()))?;
    Ok(Pattern { regex, atoms })
}

/// What stands in one pair of parentheses so far.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// What the last item is.
    last: Last,
    /// The largest product of nested repeats inside, and that of the last item.
    repeats: usize,
    last_repeats: usize,
    /// Atoms inside, and those of the last item.
    atoms: usize,
    last_atoms: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    /// Nothing to repeat.
    #[default]
    Nothing,
    Item,
    Repeated,
}

struct Reader<'a> {
    pattern: &'a str,
    rest: &'a str,
    out: String,
    groups: Vec<Group>,
}

type Read<T> = Result<T, PatternError>;

fn error<T>(what: &str, text: &str) -> Read<T> {
    let text = crate::text::chain::bounded(text, 40);
    Err(PatternError(format!("{what}: `{text}`")))
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> Read<()> {
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '(' => self.open(before)?,
                ')' => self.close(before)?,
                '|' => {
                    self.group().last = Last::Nothing;
                    self.out.push('|');
                }
                '*' | '+' | '?' => self.repeat(&before[..1], None, before)?,
                '{' => match counts(self.rest) {
                    Some((low, high, length)) => {
                        let text = &before[..length + 1];
                        self.rest = &self.rest[length..];
                        self.counted(low, high, text, before)?;
                    }
                    None => self.item("\\{"),
                },
                '[' => {
                    let mut class = String::new();
                    self.rest = class::class(before, &mut class)?;
                    self.item(&class);
                }
                '\\' => self.escape(before)?,
                '.' | '^' | '$' => self.item(&before[..1]),
                c => self.literal(c),
            }
        }
        match self.groups.len() {
            1 => Ok(()),
            _ => error("missing closing )", self.pattern),
        }
    }

    fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::default());
        }
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    fn item(&mut self, text: &str) {
        self.out.push_str(text);
        self.ended(1, 1);
    }

    fn literal(&mut self, c: char) {
        self.item(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn ended(&mut self, repeats: usize, atoms: usize) {
        let group = self.group();
        group.last = Last::Item;
        group.last_repeats = repeats;
        group.repeats = group.repeats.max(repeats);
        group.last_atoms = atoms;
        group.atoms = group.atoms.saturating_add(atoms);
    }

    fn open(&mut self, before: &'a str) -> Read<()> {
        if let Some(flags) = self.rest.strip_prefix('?') {
            let named = flags.strip_prefix("P<").or_else(|| {
                flags
                    .strip_prefix('<')
                    .filter(|rest| !rest.starts_with(['=', '!']))
            });
            if let Some(named) = named {
                self.name(named, before)?;
            } else {
                return self.flags(flags, before);
            }
        }
        self.out.push_str("(?:");
        self.groups.push(Group::default());
        Ok(())
    }

    fn name(&mut self, named: &'a str, before: &str) -> Read<()> {
        let Some((name, rest)) = named.split_once('>') else {
            return error("invalid named capture", before);
        };
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(valid) {
            return error("invalid named capture", before);
        }
        self.rest = rest;
        Ok(())
    }

    fn flags(&mut self, flags: &'a str, before: &str) -> Read<()> {
        let Some(end) = flags.find([')', ':']) else {
            return error("missing argument to repetition operator", "?");
        };
        let (set, cleared) = match flags[..end].split_once('-') {
            Some((set, cleared)) => (set, Some(cleared)),
            None => (&flags[..end], None),
        };
        let known = |text: &str| text.chars().all(|c| "imsU".contains(c));
        if !known(set) || !cleared.is_none_or(|text| known(text) && !text.is_empty()) {
            return error("invalid or unsupported Perl syntax", before);
        }
        let mut unique: Vec<char> = set.chars().collect();
        unique.sort_unstable();
        unique.dedup();
        let set: String = unique.into_iter().collect();
        let cleared = cleared.map(|text| format!("-{text}")).unwrap_or_default();
        let group = flags[end..].starts_with(':');
        self.rest = &flags[end + 1..];
        if group {
            self.out.push_str(&format!("(?{set}{cleared}:"));
            self.groups.push(Group::default());
        } else if !set.is_empty() || !cleared.is_empty() {
            self.out.push_str(&format!("(?{set}{cleared})"));
            // Go would repeat what stands before; so rare that it is refused.
            self.group().last = Last::Nothing;
        }
        Ok(())
    }

    fn close(&mut self, before: &str) -> Read<()> {
        if self.groups.len() < 2 {
            return error("unexpected )", before);
        }
        let inner = self.groups.pop().unwrap_or_default();
        self.out.push(')');
        self.ended(inner.repeats.max(1), inner.atoms.max(1));
        Ok(())
    }

    fn counted(&mut self, low: usize, high: Option<usize>, text: &str, before: &str) -> Read<()> {
        if low > REPEATS || high.is_some_and(|high| high > REPEATS || high < low) {
            return error("invalid repeat count", text);
        }
        let most = high.unwrap_or(low);
        self.repeat(text, Some(most), before)
    }

    fn repeat(&mut self, text: &str, most: Option<usize>, before: &str) -> Read<()> {
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
            self.out.push_str(text);
            self.out.push('?');
        } else {
            self.out.push_str(text);
        }
        let taken = &before[..before.len() - self.rest.len()];
        let group = self.group();
        match group.last {
            Last::Nothing => return error("missing argument to repetition operator", taken),
            Last::Repeated => return error("invalid nested repetition operator", taken),
            Last::Item => group.last = Last::Repeated,
        }
        if let Some(most) = most {
            let repeats = group.last_repeats.saturating_mul(most.max(1));
            if repeats > REPEATS && most > 1 {
                return error("invalid repeat count", taken);
            }
            group.repeats = group.repeats.max(repeats);
            let more = group.last_atoms.saturating_mul(most.saturating_sub(1));
            group.atoms = group.atoms.saturating_add(more);
        }
        Ok(())
    }

    fn escape(&mut self, before: &'a str) -> Read<()> {
        let Some(c) = self.rest.chars().next() else {
            return error("trailing backslash at end of expression", "");
        };
        match c {
            'A' | 'z' => {
                self.rest = &self.rest[1..];
                self.item(&before[..2]);
            }
            'b' | 'B' => {
                self.rest = &self.rest[1..];
                self.item(if c == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            }
            'Q' => {
                let quoted = &self.rest[1..];
                let (literal, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
                for c in literal.chars() {
                    self.literal(c);
                }
                self.rest = rest;
            }
            _ => {
                let mut class = String::from("[");
                let (rest, single) = class::escaped(before, &mut class)?;
                self.rest = rest;
                match single {
                    Some(c) => self.literal(c),
                    None => {
                        class.push(']');
                        self.item(&class);
                    }
                }
            }
        }
        Ok(())
    }
}

/// `2}`, `2,}` or `2,5}` behind a brace: least, most (nothing: the same or no end) and length; nothing else repeats.
fn counts(rest: &str) -> Option<(usize, Option<usize>, usize)> {
    let end = rest.find('}')?;
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let canonical = text.len() == 1 || !text.starts_with('0');
        (plain && canonical).then(|| text.parse().unwrap_or(usize::MAX))
    };
    let (low, high) = match rest[..end].split_once(',') {
        None => {
            let low = number(&rest[..end])?;
            (low, Some(low))
        }
        Some((low, "")) => (number(low)?, None),
        Some((low, high)) => (number(low)?, Some(number(high)?)),
    };
    Some((low, high, end + 1))
}

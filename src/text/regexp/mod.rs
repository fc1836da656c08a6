//! Go's regular expressions into those of the regex crate.
//!
//! The dialects are close but not equal: Go's `\d`, `\w`, `\s` and `\b` know ASCII only, it refuses `a**` and repeats
//! above 1000, and takes `{` for itself where it repeats nothing. So a pattern is read by Go's rules
//! (`regexp/syntax`) and written anew.

mod class;
mod plain;
mod size;
mod unicode;

#[cfg(test)]
mod tests;

pub use plain::Plain;
use regex::bytes::{Regex, RegexBuilder};
use size::{Group, Kind, Node};

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

/// Go's largest repeat, and product of nested ones.
const REPEATS: usize = 1000;

/// Go's largest program, in its instructions (`maxSize` in `regexp/syntax`).
const SIZE: usize = (128 << 20) / 40;

/// Go's highest tree (`maxHeight`).
const HEIGHT: usize = 1000;

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

/// Whether Prometheus takes a text as a label's pattern: Go's syntax and bounds, nothing compiled, linear.
pub fn check(pattern: &str) -> Result<(), PatternError> {
    let mut reader = Reader::new(pattern);
    let whole = reader.read()?;
    // Prometheus puts `^(?s:` and `)$` around it.
    reader.bounded(whole.anchored())
}

/// The same pattern in the regex crate's dialect, and its atoms.
fn translate(pattern: &str) -> Result<(String, usize), PatternError> {
    let mut reader = Reader::new(pattern);
    let whole = reader.read()?;
    Ok((reader.out, whole.atoms.max(1)))
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

struct Reader<'a> {
    pattern: &'a str,
    rest: &'a str,
    out: String,
    /// Flags that were set but not yet written: `a(?i)*` repeats the `a`.
    flags: String,
    groups: Vec<Group>,
    /// How many bytes from the end the last `:]` begins.
    last_name: Option<usize>,
}

type Read<T> = Result<T, PatternError>;

fn error<T>(what: &str, text: &str) -> Read<T> {
    let text = crate::text::chain::bounded(text, 40);
    Err(PatternError(format!("{what}: `{text}`")))
}

impl<'a> Reader<'a> {
    fn new(pattern: &'a str) -> Self {
        Reader {
            pattern,
            rest: pattern,
            out: String::with_capacity(pattern.len() * 2),
            flags: String::new(),
            groups: vec![Group::default()],
            last_name: pattern.rfind(":]").map(|at| pattern.len() - at),
        }
    }

    fn read(&mut self) -> Read<Node> {
        // Where the repeat that ends here began.
        let mut last_repeat = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            self.rest = &self.rest[c.len_utf8()..];
            let mut repeat = None;
            match c {
                '(' => self.open(before)?,
                ')' => self.close()?,
                '|' => {
                    let node = self.group().branch();
                    self.bounded(node)?;
                    self.put("|");
                }
                '*' | '+' | '?' => {
                    let least = if c == '+' { 1 } else { 0 };
                    self.repeat(before, c, (least, None), last_repeat)?;
                    repeat = Some(before);
                }
                '{' => match counts(self.rest) {
                    Some((low, high, length)) => {
                        self.rest = &self.rest[length..];
                        let text = &before[..length + 1];
                        if low > REPEATS || high.is_some_and(|high| high > REPEATS || high < low) {
                            return error("invalid repeat count", text);
                        }
                        self.repeat(before, c, (low, high), last_repeat)?;
                        repeat = Some(before);
                    }
                    None => self.literal('{'.into()),
                },
                '[' => {
                    let mut class = String::new();
                    self.rest = class::class(before, self.last_name, &mut class)?;
                    self.item(&class, Kind::Other);
                }
                '\\' => self.escape(before)?,
                '.' | '^' | '$' => self.item(&before[..1], Kind::Other),
                c => self.literal(c.into()),
            }
            last_repeat = repeat;
        }
        match (self.groups.pop(), self.groups.len()) {
            (Some(group), 0) => {
                let whole = group.node();
                self.bounded(whole)?;
                Ok(whole)
            }
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

    /// Writes behind the flags that hold for it.
    fn put(&mut self, text: &str) -> usize {
        self.out.push_str(&std::mem::take(&mut self.flags));
        let start = self.out.len();
        self.out.push_str(text);
        start
    }

    fn item(&mut self, text: &str, kind: Kind) {
        let start = self.put(text);
        self.group().push(Node::item(kind), start);
    }

    fn literal(&mut self, code: class::Point) {
        match char::from_u32(code) {
            Some(c) => self.item(&regex::escape(c.encode_utf8(&mut [0; 4])), Kind::Literal),
            None => self.item(class::NONE, Kind::Literal),
        }
    }

    /// Go's limits on what was read so far.
    fn bounded(&self, node: Node) -> Read<()> {
        if node.size > SIZE {
            return error("expression too large", self.pattern);
        }
        if node.height > HEIGHT {
            return error("expression nests too deeply", self.pattern);
        }
        Ok(())
    }

    fn open(&mut self, before: &'a str) -> Read<()> {
        let mut is_capture = true;
        if let Some(flags) = self.rest.strip_prefix('?') {
            let named = flags
                .strip_prefix("P<")
                .filter(|name| !name.is_empty())
                .or_else(|| flags.strip_prefix('<').filter(|name| !name.is_empty()));
            if let Some(named) = named {
                self.name(named, before)?;
            } else {
                if !self.set_flags(flags, before)? {
                    return Ok(());
                }
                is_capture = false;
            }
        }
        let start = if is_capture {
            self.put("(?:")
        } else {
            let flags = std::mem::take(&mut self.flags);
            let start = self.out.len();
            self.out.push_str(&format!("(?:{flags}"));
            start
        };
        self.groups.push(Group::new(start, is_capture));
        Ok(())
    }

    fn name(&mut self, named: &'a str, before: &str) -> Read<()> {
        let Some((name, rest)) = named.split_once('>') else {
            return error("invalid named capture", before);
        };
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(valid) {
            return error(
                "invalid named capture",
                &before[..before.len() - rest.len()],
            );
        }
        self.rest = rest;
        Ok(())
    }

    /// Reads flags; whether a group begins behind them.
    fn set_flags(&mut self, flags: &'a str, before: &str) -> Read<bool> {
        let (mut set, mut cleared) = (String::new(), String::new());
        let mut is_negated = false;
        for (at, c) in flags.char_indices() {
            match c {
                'i' | 'm' | 's' | 'U' => {
                    set.retain(|flag| flag != c);
                    cleared.retain(|flag| flag != c);
                    if is_negated { &mut cleared } else { &mut set }.push(c);
                    continue;
                }
                '-' if !is_negated => {
                    is_negated = true;
                    continue;
                }
                ')' | ':' if !is_negated || !cleared.is_empty() => {
                    let minus = if cleared.is_empty() { "" } else { "-" };
                    if !set.is_empty() || !cleared.is_empty() {
                        self.flags.push_str(&format!("(?{set}{minus}{cleared})"));
                    }
                    self.rest = &flags[at + 1..];
                    return Ok(c == ':');
                }
                _ => {}
            }
            let taken = before.len() - flags.len() + at + c.len_utf8();
            return error("invalid or unsupported Perl syntax", &before[..taken]);
        }
        error("invalid or unsupported Perl syntax", before)
    }

    fn close(&mut self) -> Read<()> {
        let inner = match self.groups.pop() {
            Some(inner) if !self.groups.is_empty() => inner,
            _ => return error("unexpected )", self.pattern),
        };
        // They end with their group.
        self.flags.clear();
        self.out.push(')');
        let start = inner.start;
        let node = inner.node();
        self.bounded(node)?;
        self.group().push(node, start);
        Ok(())
    }

    /// Repeats the last item: at least and at most so often, where a count is written.
    fn repeat(
        &mut self,
        before: &'a str,
        operator: char,
        (low, high): (usize, Option<usize>),
        last_repeat: Option<&'a str>,
    ) -> Read<()> {
        let text = &before[..before.len() - self.rest.len()];
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
        }
        if let Some(last) = last_repeat {
            let taken = &last[..last.len() - self.rest.len()];
            return error("invalid nested repetition operator", taken);
        }
        let taken = &before[..before.len() - self.rest.len()];
        let group = self.group();
        let Some((node, start)) = group.last else {
            return error("missing argument to repetition operator", taken);
        };
        let repeated = node.repeated(operator, low, high);
        group.last = Some((repeated, start));
        if node.is_repeated {
            // `a*(?i)*` is `(?:a*)*`.
            self.out.insert_str(start, "(?:");
            self.out.push(')');
        }
        // Greedy or not, the same texts match.
        self.out.push_str(text);
        if operator == '{' && repeated.repeats > REPEATS && high.unwrap_or(low) > 1 {
            return error("invalid repeat count", taken);
        }
        self.bounded(repeated)
    }

    fn escape(&mut self, before: &'a str) -> Read<()> {
        match self.rest.chars().next() {
            Some('A' | 'z') => {
                self.rest = &self.rest[1..];
                self.item(&before[..2], Kind::Other);
            }
            Some(c @ ('b' | 'B')) => {
                self.rest = &self.rest[1..];
                let boundary = if c == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" };
                self.item(boundary, Kind::Other);
            }
            Some('Q') => {
                let quoted = &self.rest[1..];
                let (literal, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
                for c in literal.chars() {
                    self.literal(c.into());
                }
                self.rest = rest;
            }
            _ => {
                let mut class = String::from("[");
                let (rest, single) = class::escaped(before, &mut class)?;
                self.rest = rest;
                match single {
                    Some(code) => self.literal(code),
                    None => {
                        class.push(']');
                        self.item(&class, Kind::Other);
                    }
                }
            }
        }
        Ok(())
    }
}

/// `2}`, `2,}` or `2,5}` behind a brace: least, most (nothing: no end) and length; nothing else repeats.
fn counts(rest: &str) -> Option<(usize, Option<usize>, usize)> {
    let number = |text: &str| {
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        let is_canonical = length == 1 || length > 1 && !text.starts_with('0');
        is_canonical.then(|| (text[..length].parse().unwrap_or(usize::MAX), length))
    };
    let (low, mut length) = number(rest)?;
    let mut high = Some(low);
    if rest[length..].starts_with(',') {
        length += 1;
        high = None;
        if !rest[length..].starts_with('}') {
            let (most, digits) = number(&rest[length..])?;
            high = Some(most);
            length += digits;
        }
    }
    rest[length..]
        .starts_with('}')
        .then_some((low, high, length + 1))
}

//! Words into what a terminal shows: colours where they are wanted, control characters made visible always.

use unicode_width::UnicodeWidthChar;

use crate::analysis::measurement::Phase;
use crate::lint::level::Level;

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Paint {
    /// Text alone.
    Plain,
    /// With the terminal's own colours.
    Coloured,
}

impl Paint {
    /// The colour of a level.
    pub(in crate::cli) fn level(self, level: Level, text: &str) -> String {
        match level {
            Level::Deny => self.in_code("1;31", text),
            Level::Warn => self.in_code("1;33", text),
            Level::Info => self.in_code("1;36", text),
        }
    }

    /// The colour of a verdict; what is not decided has none.
    pub(in crate::cli) fn phase(self, phase: &Phase, text: &str) -> String {
        match phase {
            Phase::Successful => self.in_code("32", text),
            Phase::Failed | Phase::Error => self.in_code("1;31", text),
            Phase::Inconclusive => self.in_code("1;33", text),
            _ => text.to_owned(),
        }
    }

    /// What is read first.
    pub(in crate::cli) fn strong(self, text: &str) -> String {
        self.in_code("1", text)
    }

    /// What frames.
    pub(in crate::cli) fn frame(self, text: &str) -> String {
        self.in_code("34", text)
    }

    /// A line that a diff adds.
    pub(in crate::cli) fn added(self, text: &str) -> String {
        self.in_code("32", text)
    }

    /// A line that a diff takes away.
    pub(in crate::cli) fn removed(self, text: &str) -> String {
        self.in_code("31", text)
    }

    fn in_code(self, code: &str, text: &str) -> String {
        match self {
            Paint::Plain => text.to_owned(),
            Paint::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The text on one line, nothing in it that moves a cursor, changes a colour or turns the direction of reading.
pub(in crate::cli) fn visible(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// A character as it is shown; Unicode has pictures of the old control characters.
pub(super) fn shown(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}

/// The same JSON, with escapes for what a terminal would obey: of what a JSON text is made of only strings can hold it.
pub(in crate::cli) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c >= '\u{7f}' && shown(c) != c {
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
    }
    text
}

/// The columns that a shown character takes.
pub(in crate::cli) fn columns(c: char) -> usize {
    c.width().unwrap_or(1)
}

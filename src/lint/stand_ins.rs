//! A condition with arguments without value into texts that it may become, so that what holds for all of them is known.

use std::collections::HashMap;

use crate::condition::ResultType;
use crate::text::filled::{Filled, HOLE, Placeholder};
use crate::text::span::Span;

/// Numbers in the place of an argument without value. Each is as many bytes as a hole, so that spans stay.
const NUMBERS: [&str; 7] = ["0  ", "1  ", "0.5", "100", "-1 ", "1e9", ".01"];

/// The same between quotes, where a blank would count.
const QUOTED: [&str; 7] = ["000", "001", "0.5", "100", "-01", "1e9", ".01"];

/// Between quotes also a word.
const WORD: &str = "abc";

/// Which number each argument has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// Argument i has number `first + step * i`: with all 49 pairs, any two arguments meet in every combination.
    Numbers { first: usize, step: usize },
    /// Words between quotes.
    Words,
}

/// The arguments without value, and the combinations in which they are tried: exactly one where there are none.
#[derive(Debug)]
pub(super) struct StandIns {
    unknown: HashMap<Placeholder, usize>,
    choices: Vec<Choice>,
}

impl StandIns {
    /// For all that has no value in `texts`; one argument has one value wherever it stands. `few`: no combinations.
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a Filled>, few: bool) -> Self {
        let mut unknown: HashMap<Placeholder, usize> = HashMap::new();
        for piece in texts.flat_map(|filled| &filled.pieces) {
            if !piece.is_known && !unknown.contains_key(&piece.placeholder) {
                unknown.insert(piece.placeholder.clone(), unknown.len());
            }
        }
        let numbers = NUMBERS.len();
        let steps = match unknown.len() {
            0 => 0,
            1 => 1,
            _ if few => 1,
            _ => numbers,
        };
        let mut choices: Vec<Choice> = (0..steps)
            .flat_map(|step| (0..numbers).map(move |first| Choice::Numbers { first, step }))
            .collect();
        choices.push(match choices.is_empty() {
            true => Choice::Numbers { first: 0, step: 0 },
            false => Choice::Words,
        });
        StandIns { unknown, choices }
    }

    /// How many combinations there are.
    pub(super) fn len(&self) -> usize {
        self.choices.len()
    }

    /// Whether something without value stands in quotes.
    pub(super) fn has_quoted(filled: &Filled) -> bool {
        let holes = filled.holes();
        let quotes = match holes.is_empty() {
            true => Vec::new(),
            false => quoted_parts(&filled.text),
        };
        let is_quoted = |hole: &Span| quotes.iter().any(|quoted| quoted.holds(*hole));
        holes.iter().any(is_quoted)
    }

    /// `filled` in every combination; of the same length where it held holes.
    pub(super) fn texts<'a>(&'a self, filled: &'a Filled) -> impl Iterator<Item = String> + 'a {
        let quotes = match filled.has_holes() {
            true => quoted_parts(&filled.text),
            false => Vec::new(),
        };
        self.choices
            .iter()
            .map(move |choice| self.text(filled, *choice, &quotes))
    }

    fn text(&self, filled: &Filled, choice: Choice, quotes: &[Span]) -> String {
        let mut text = filled.text.clone();
        for piece in filled.pieces.iter().filter(|piece| !piece.is_known) {
            let argument = self.unknown.get(&piece.placeholder).copied();
            let is_quoted = quotes.iter().any(|quoted| quoted.holds(piece.text));
            let argument = argument.unwrap_or_default();
            let stand_in = match choice {
                Choice::Words if is_quoted => WORD,
                Choice::Words => NUMBERS[0],
                Choice::Numbers { first, step } => {
                    let index = (first + step * argument) % NUMBERS.len();
                    if is_quoted {
                        QUOTED[index]
                    } else {
                        NUMBERS[index]
                    }
                }
            };
            debug_assert_eq!(stand_in.len(), HOLE.len_utf8());
            text.replace_range(piece.text.range(), stand_in);
        }
        text
    }
}

/// Between which bytes a text stands in quotes, quotes included.
fn quoted_parts(text: &str) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut open: Option<(usize, u8)> = None;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match open {
            Some(_) if std::mem::take(&mut is_escaped) => {}
            Some((_, quote)) if byte == b'\\' && quote != b'`' => is_escaped = true,
            Some((from, quote)) if byte == quote => {
                parts.push(Span::new(from, at + 1));
                open = None;
            }
            None if matches!(byte, b'\'' | b'"' | b'`') => open = Some((at, byte)),
            _ => {}
        }
    }
    parts
}

/// The types that a result may have, the likeliest first.
pub(super) fn types(result: ResultType) -> &'static [ResultType] {
    match result {
        ResultType::Any => &[ResultType::Vector, ResultType::Scalar],
        ResultType::Scalar => &[ResultType::Scalar],
        _ => &[ResultType::Vector],
    }
}

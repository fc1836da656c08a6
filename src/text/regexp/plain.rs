//! Plain patterns of labels, `5..|4..`, `[45]\d\d`, `(?:ok|success).*`, into whether they match a word, nothing compiled.
//!
//! Compiling one for the regex crate takes longer than all else that is asked about a query.

/// The longest pattern that is read, in bytes.
const LENGTH: usize = 4 * 1024;

/// Groups within groups; with repeats around each the work grows with every one.
const DEPTH: usize = 2;

/// The longest word, in bytes: each place between two of them is a bit.
const WORD: usize = 63;

/// A pattern that is matched as it was read, anchored at both ends, and `.` is any character.
#[derive(Debug)]
pub struct Plain(Vec<Vec<Item>>);

#[derive(Debug)]
struct Item {
    what: What,
    least: usize,
    most: Option<usize>,
}

#[derive(Debug)]
enum What {
    /// One of these ASCII characters, a bit each.
    One(u128),
    Group(Plain),
    Start,
    End,
}

impl Plain {
    /// Reads a pattern that Go takes; none where it has more than ASCII, groups, classes and repeats.
    pub fn read(pattern: &str) -> Option<Self> {
        if pattern.len() > LENGTH || !pattern.is_ascii() {
            return None;
        }
        let mut reader = Reader {
            rest: pattern.as_bytes(),
        };
        let plain = reader.alternatives(0)?;
        reader.rest.is_empty().then_some(plain)
    }

    /// Whether it matches all of `word`; none of a word that is not ASCII or longer than 63 bytes.
    pub fn is_match(&self, word: &str) -> Option<bool> {
        let word = word.as_bytes();
        let is_short = word.len() <= WORD && word.is_ascii();
        is_short.then(|| self.ends(word, 1) >> word.len() & 1 == 1)
    }

    /// Where a match may end that begins at one of `places`.
    fn ends(&self, word: &[u8], places: u64) -> u64 {
        let of = |items: &Vec<Item>| {
            items.iter().try_fold(places, |places, item| {
                let places = item.ends(word, places);
                (places != 0).then_some(places)
            })
        };
        self.0.iter().filter_map(of).fold(0, |all, ends| all | ends)
    }
}

impl Item {
    fn ends(&self, word: &[u8], mut places: u64) -> u64 {
        for _ in 0..self.least {
            let next = self.what.ends(word, places);
            if next == places {
                break;
            }
            places = next;
        }
        let mut all = places;
        let mut times = self.least;
        while places != 0 && self.most.is_none_or(|most| times < most) {
            // Who is there sooner may repeat more often.
            places = self.what.ends(word, places) & !all;
            all |= places;
            times += 1;
        }
        all
    }
}

impl What {
    fn ends(&self, word: &[u8], places: u64) -> u64 {
        match self {
            What::One(set) => {
                let here = |(at, byte): (usize, &u8)| u64::from(set >> byte & 1 == 1) << at;
                let here = word
                    .iter()
                    .enumerate()
                    .map(here)
                    .fold(0, |all, at| all | at);
                (places & here) << 1
            }
            What::Group(group) => group.ends(word, places),
            What::Start => places & 1,
            What::End => places & 1 << word.len(),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn takes(&mut self, text: &[u8]) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Up to the end, or the `)` that closes the group.
    fn alternatives(&mut self, depth: usize) -> Option<Plain> {
        let mut all = vec![Vec::new()];
        while let Some(next) = self.rest.first() {
            match next {
                b')' => break,
                b'|' => {
                    self.next();
                    all.push(Vec::new());
                }
                _ => {
                    let item = self.item(depth)?;
                    all.last_mut()?.push(item);
                }
            }
        }
        Some(Plain(all))
    }

    fn item(&mut self, depth: usize) -> Option<Item> {
        let what = match self.next()? {
            b'(' => {
                let is_plain = self.takes(b"?:") || self.rest.first() != Some(&b'?');
                if !is_plain || depth == DEPTH {
                    return None;
                }
                let group = self.alternatives(depth + 1)?;
                self.takes(b")").then_some(What::Group(group))?
            }
            b'[' => What::One(self.class()?),
            b'\\' => What::One(self.escaped()?),
            b'.' => What::One(u128::MAX),
            b'^' => What::Start,
            b'$' => What::End,
            b'*' | b'+' | b'?' | b'{' => return None,
            byte => What::One(1 << byte),
        };
        let (least, most) = match self.rest.first() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => return None,
            _ => {
                return Some(Item {
                    what,
                    least: 1,
                    most: Some(1),
                });
            }
        };
        self.next();
        // Lazy or not, the same texts match.
        self.takes(b"?");
        let is_repeated_again = matches!(self.rest.first(), Some(b'*' | b'+' | b'?' | b'{'));
        (!is_repeated_again).then_some(Item { what, least, most })
    }

    /// Behind a backslash.
    fn escaped(&mut self) -> Option<u128> {
        Some(match self.next()? {
            b'd' => set(|byte| byte.is_ascii_digit()),
            b'D' => !set(|byte| byte.is_ascii_digit()),
            b'w' => set(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            b'W' => !set(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            byte if byte.is_ascii_punctuation() => 1 << byte,
            _ => return None,
        })
    }

    /// Behind `[`: characters, ranges of letters or digits, escapes.
    fn class(&mut self) -> Option<u128> {
        let is_negated = self.takes(b"^");
        let mut all = 0;
        loop {
            match self.next()? {
                b']' if all != 0 => break,
                b'\\' => all |= self.escaped()?,
                first if first.is_ascii_alphanumeric() && self.takes(b"-") => {
                    let last = self.next().filter(u8::is_ascii_alphanumeric)?;
                    if last < first {
                        return None;
                    }
                    all |= set(|byte| (first..=last).contains(&byte));
                }
                byte @ (b'_' | b'.' | b' ' | b'/' | b'*' | b'+' | b'|') => all |= 1 << byte,
                byte if byte.is_ascii_alphanumeric() => all |= 1 << byte,
                _ => return None,
            }
        }
        Some(if is_negated { !all } else { all })
    }
}

fn set(is_in: impl Fn(u8) -> bool) -> u128 {
    let one = |byte: u8| u128::from(is_in(byte)) << byte;
    (0..128).map(one).fold(0, |all, one| all | one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::regexp::compile_anchored;

    #[test]
    fn plain_patterns_match_as_compiled_ones() {
        let words = [
            "",
            "5",
            "2",
            "500",
            "503",
            "404",
            "5xx",
            "5XX",
            "ok",
            "OK",
            "ok-ok",
            "error",
            "errors",
            "err",
            "a",
            "aa",
            "aaa",
            "ab",
            "abab",
            "ababa",
            ".",
            "5\n0",
            "_",
            "-",
            "|",
            "none",
            "DeadlineExceeded",
        ];
        let patterns = [
            "5..",
            "5..|4..",
            "(4|5)..",
            "[45]..",
            "[45][0-9][0-9]",
            r"5\d\d",
            r"5\d{2}",
            ".+",
            ".*",
            "",
            "|",
            "5.*",
            "^5..$",
            "^(5..|4..)$",
            "(?:ok|OK)",
            "err(or)?s?",
            "err(or|)",
            "(ab)*",
            "(ab)+a?",
            "(a|b)*",
            "(a*)*",
            "(a*)+b",
            "(a?)*?",
            "[^45]..",
            r"[^\d].*",
            r"\.",
            r"\W",
            r"[\w]+",
            "[.|]",
            "a??",
            "a+?b",
            "(?i)ok",
            "((a)b)+",
            "(((a)b))+",
            "$",
            "5^",
            "()",
            "()*",
            "(|a)+",
            "^*5..",
            "[a-c]+",
            "[]a]",
            "[a-]",
            "é",
            "[é]",
            r"\x41",
            "n(?:.{3})",
            "Deadline.*|Data.*",
        ];
        let mut read = 0;
        for pattern in patterns {
            let compiled = compile_anchored(pattern).expect(pattern);
            let Some(plain) = Plain::read(pattern) else {
                continue;
            };
            read += 1;
            for word in words {
                let wanted = compiled.is_match(word.as_bytes());
                assert_eq!(plain.is_match(word), Some(wanted), "{pattern} {word}");
            }
        }
        assert_eq!(read, 39);
    }

    #[test]
    fn what_go_refuses_is_not_read() {
        for pattern in [
            "(", ")", "a)", "*", "a**", "a{2}", "[b-a]", "[", "[]", "(?P<a>b)", r"\", r"\q", "a|*",
        ] {
            assert!(Plain::read(pattern).is_none(), "{pattern}");
        }
        assert!(Plain::read(&"a".repeat(LENGTH + 1)).is_none());
        assert_eq!(Plain::read("a*").and_then(|p| p.is_match("é")), None);
        let long = "a".repeat(WORD + 1);
        assert_eq!(Plain::read("a*").and_then(|p| p.is_match(&long)), None);
    }
}

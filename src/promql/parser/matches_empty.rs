//! Whether a regular expression matches the empty text, from its structure alone.
//!
//! Prometheus compiles it and tries (`Matcher.Matches` in `model/labels/matcher.go`). On an empty text a character never
//! matches, an anchor always does, and a boundary `\b` never; that decides every expression of Go's dialect.

/// What was read of one pair of parentheses.
#[derive(Clone, Copy)]
struct Group {
    /// An alternative before this one matches the empty text.
    other: bool,
    /// All items of this alternative but the last do.
    before: bool,
    /// The last item does.
    last: bool,
}

impl Group {
    const NEW: Group = Group {
        other: false,
        before: true,
        last: true,
    };

    fn item(&mut self, matches: bool) {
        self.before &= self.last;
        self.last = matches;
    }

    fn whole(&self) -> bool {
        self.other || self.before && self.last
    }
}

/// Whether `pattern`, which Go's regexp takes, matches the empty text as a whole.
pub(super) fn matches_empty(pattern: &str) -> bool {
    let mut outer = Vec::new();
    let mut group = Group::NEW;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let before = rest;
        rest = &rest[c.len_utf8()..];
        match c {
            '|' => {
                group = Group {
                    other: group.whole(),
                    ..Group::NEW
                }
            }
            '(' => match group_prefix(rest) {
                Some((length, opens)) => {
                    rest = &rest[length..];
                    if opens {
                        outer.push(std::mem::replace(&mut group, Group::NEW));
                    }
                }
                None => return false,
            },
            ')' => {
                let inner = group.whole();
                group = outer.pop().unwrap_or(Group::NEW);
                group.item(inner);
            }
            '*' | '?' => {
                group.last = true;
                rest = behind_lazy(rest);
            }
            '+' => rest = behind_lazy(rest),
            '{' => match repeat(rest) {
                Some((length, least)) => {
                    rest = behind_lazy(&rest[length..]);
                    group.last |= least == 0;
                }
                None => group.item(false),
            },
            '^' | '$' => group.item(true),
            '[' => {
                rest = behind_class(rest);
                group.item(false);
            }
            '\\' => rest = escape(&before[1..], &mut group),
            _ => group.item(false),
        }
    }
    group.whole()
}

/// The length of `?:`, `?i)` and their like behind `(`, and whether they open a group.
fn group_prefix(rest: &str) -> Option<(usize, bool)> {
    let Some(flags) = rest.strip_prefix('?') else {
        return Some((0, true));
    };
    if flags.starts_with("P<") || flags.starts_with('<') {
        return rest.find('>').map(|end| (end + 1, true));
    }
    let end = rest.find([')', ':'])?;
    Some((end + 1, rest[end..].starts_with(':')))
}

/// The length and the least count of `2}`, `2,}`, `2,5}` behind `{`; anything else stands for itself.
fn repeat(rest: &str) -> Option<(usize, usize)> {
    let length = rest
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b',')
        .count();
    if !rest[length..].starts_with('}') {
        return None;
    }
    let (least, most) = match rest[..length].split_once(',') {
        Some((least, most)) => (least, most),
        None => (&rest[..length], ""),
    };
    let is_number = |text: &str| text == "0" || !text.starts_with('0');
    if !is_number(least) || !is_number(most) || most.contains(',') {
        return None;
    }
    Some((length + 1, least.parse().ok()?))
}

/// What stands behind the `?` that makes a repeat lazy, if it is one.
fn behind_lazy(rest: &str) -> &str {
    rest.strip_prefix('?').unwrap_or(rest)
}

/// What stands behind the class whose `[` was read.
fn behind_class(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    let mut at = usize::from(bytes.first() == Some(&b'^'));
    let first = at;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b']' if at > first => return &rest[at + 1..],
            b'\\' => at += 1,
            b'[' => at += named_class(&rest[at..]).unwrap_or(0),
            _ => {}
        }
        at += 1;
    }
    ""
}

/// The length of `[:alpha:]` but for its last byte, also with `^`.
fn named_class(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix("[:")?;
    let bytes = name.bytes();
    let length = bytes.take_while(|b| b.is_ascii_alphabetic() || *b == b'^');
    let length = length.count();
    name[length..].starts_with(":]").then_some(length + 3)
}

/// Takes the escape that `rest`, behind the backslash, begins with; gives what follows it.
fn escape<'a>(rest: &'a str, group: &mut Group) -> &'a str {
    let Some(c) = rest.chars().next() else {
        return rest;
    };
    let behind = &rest[c.len_utf8()..];
    let braced = |behind: &'a str| match behind.strip_prefix('{') {
        Some(named) => named.split_once('}').map_or("", |(_, rest)| rest),
        None => behind,
    };
    match c {
        'A' | 'z' | 'B' => {
            group.item(true);
            behind
        }
        'Q' => {
            let (literal, rest) = behind.split_once(r"\E").unwrap_or((behind, ""));
            // A repeat behind is that of the last character.
            for _ in literal.chars().take(2) {
                group.item(false);
            }
            rest
        }
        'p' | 'P' => {
            group.item(false);
            match behind.starts_with('{') {
                true => braced(behind),
                false => behind
                    .chars()
                    .next()
                    .map_or("", |c| &behind[c.len_utf8()..]),
            }
        }
        'x' => {
            group.item(false);
            match behind.starts_with('{') {
                true => braced(behind),
                false => behind.get(2..).unwrap_or(""),
            }
        }
        '0'..='7' => {
            group.item(false);
            let digits = behind.bytes().take(2);
            let length = digits.take_while(|b| (b'0'..=b'7').contains(b)).count();
            &behind[length..]
        }
        _ => {
            group.item(false);
            behind
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers are those of Go's `regexp.MustCompile("^(?s:" + pattern + ")$").MatchString("")`.
    #[test]
    fn the_empty_text_matches_as_in_go() {
        for pattern in [
            "",
            ".*",
            "a*",
            "a?",
            "a??",
            "a{0}",
            "a{0,}?",
            "|a",
            "(a|)",
            "(a*)+",
            "a|b*",
            "^$",
            r"\A\z",
            r"\B",
            "(?i)",
            "(?i:a)?",
            "(?P<n>)",
            r"\Q\E",
            r"\Qa\E*",
            "[]a]*",
            "[^]]*",
            "[[:alpha:]]*",
            r"[\]]*",
            r"\pL*",
            r"\p{Lu}*",
            r"\x41*",
            r"\x{41}?",
            r"\07*",
            "a(?i)*",
            "é*",
            "(|a)+?",
        ] {
            assert!(matches_empty(pattern), "{pattern}");
        }
        for pattern in [
            "a",
            ".+",
            "a+?",
            "a{1}?",
            "a{2,}",
            "a|b",
            "(a|b)",
            "a*b",
            "(a?)b",
            "^a$",
            r"\b",
            r"\Qab\E*",
            r"\Q*",
            "[]]",
            "[^]a]",
            "[[:alpha:]]+",
            r"\d",
            r"\pL",
            r"\p{Lu}",
            r"\x{41}",
            r"\07",
            "{",
            "{,2}",
            "a{,2}",
            "(?:a)",
            "é",
        ] {
            assert!(!matches_empty(pattern), "{pattern}");
        }
    }
}

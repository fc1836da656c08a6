//! A condition that cannot work into the one that its author most likely meant.
//!
//! A repair is a few edits at the text's tokens: `=` for `==`, an index that is missing, or too much for a number. It is
//! offered only when the edited text compiles and answers on some value.

use super::ConditionError;
use super::lexer::{Kind, Lexer, Token};
use super::{ResultType, limits};
use crate::text::span::Span;

/// Functions whose first argument may be the whole result.
const TAKE_LISTS: [&str; 26] = [
    "all",
    "any",
    "none",
    "one",
    "filter",
    "map",
    "count",
    "sum",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "groupBy",
    "sortBy",
    "reduce",
    "len",
    "mean",
    "median",
    "min",
    "max",
    "first",
    "last",
    "sort",
    "reverse",
    "uniq",
    "take",
];

/// Names for the result that are none.
const RESULTS: [&str; 3] = ["results", "value", "values"];

/// Functions of Argo and expr as they are spelt, for those who write them otherwise.
const SPELLINGS: [&str; 10] = [
    "result", "isNaN", "isInf", "isNil", "asInt", "asFloat", "len", "all", "any", "none",
];

/// Edits of a text, each bytes and what stands there instead, ascending and apart.
pub type Edits = Vec<(Span, String)>;

/// Sets of edits that may make `text` a condition on results of type `result`, the smallest and likeliest first.
pub fn repairs(text: &str, result: ResultType) -> Vec<Edits> {
    let Some(tokens) = tokens(text) else {
        return Vec::new();
    };
    let words = Words {
        tokens: &tokens,
        text,
    };
    let slips = words.slips();
    let shapes: Vec<Edits> = match result {
        ResultType::Scalar => vec![words.without_index(false), words.without_index(true)],
        _ => vec![
            words.without_default(),
            words.with_index(false),
            joined(&words.without_default(), &words.with_index(false)),
            words.with_index(true),
        ],
    };
    let mut sets = vec![slips.clone()];
    for shape in shapes {
        sets.push(shape.clone());
        sets.push(joined(&slips, &shape));
    }
    let mut apart: Vec<Edits> = Vec::new();
    for set in sets {
        if !set.is_empty() && !apart.contains(&set) {
            apart.push(set);
        }
    }
    apart
}

/// `text` with the edits made.
pub fn edited(text: &str, edits: &[(Span, String)]) -> String {
    let mut made = text.to_owned();
    for (span, new) in edits.iter().rev() {
        made.replace_range(span.range(), new);
    }
    made
}

/// Both; where they overlap the first.
fn joined(first: &Edits, second: &Edits) -> Edits {
    let mut both = first.clone();
    for (span, new) in second {
        let overlaps =
            |(own, _): &(Span, String)| own == span || own.start < span.end && span.start < own.end;
        if !both.iter().any(overlaps) {
            both.push((*span, new.clone()));
        }
    }
    both.sort_by_key(|(span, _)| *span);
    both
}

/// All tokens; none where the text cannot be cut into some.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut lexer = Lexer::new(text);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next().ok()?;
        if token.kind == Kind::Eof {
            return Some(tokens);
        }
        tokens.push(token);
        if tokens.len() > limits::NODES {
            return None;
        }
    }
}

struct Words<'a> {
    tokens: &'a [Token],
    text: &'a str,
}

impl Words<'_> {
    fn at(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index)
    }

    fn operator(&self, index: usize, operator: &str) -> bool {
        self.at(index).is_some_and(|token| token.operator(operator))
    }

    fn bracket(&self, index: usize, bracket: &str) -> bool {
        self.at(index).is_some_and(|token| token.bracket(bracket))
    }

    fn name(&self, index: usize, name: &str) -> bool {
        self.at(index)
            .is_some_and(|token| token.is(Kind::Identifier, name))
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span::new(self.tokens[from].start, self.tokens[to].end)
    }

    /// Whether the token before is a dot, so that the word is a member's.
    fn is_member(&self, index: usize) -> bool {
        index > 0 && (self.operator(index - 1, ".") || self.operator(index - 1, "?."))
    }

    /// What is wrong whatever the result is: operators and names.
    fn slips(&self) -> Edits {
        let mut edits = Edits::new();
        let mut index = 0;
        while index < self.tokens.len() {
            let (edit, length) = self.slip(index).unzip();
            edits.extend(edit);
            index += length.unwrap_or(1);
        }
        edits
    }

    /// An edit that begins at the token, and how many tokens it covers.
    fn slip(&self, index: usize) -> Option<((Span, String), usize)> {
        let token = self.at(index)?;
        let touches = |next: usize| self.at(next).is_some_and(|next| next.start == token.end);
        let edit =
            |to: usize, new: &str| Some(((self.span(index, to), new.to_owned()), to - index + 1));
        if token.operator("=") {
            let is_declared = index >= 2 && self.operator(index - 2, "let");
            return match self.at(index + 1) {
                Some(next) if next.operator("<") && touches(index + 1) => edit(index + 1, "<="),
                Some(next) if next.operator(">") && touches(index + 1) => edit(index + 1, ">="),
                _ if is_declared => None,
                _ => edit(index, "=="),
            };
        }
        if token.operator("<") && self.operator(index + 1, ">") && touches(index + 1) {
            return edit(index + 1, "!=");
        }
        if token.operator("&") {
            return edit(index, "&&");
        }
        if token.kind != Kind::Identifier || self.is_member(index) {
            return None;
        }
        let word = token.text();
        match &*word {
            "AND" | "And" => return edit(index, "and"),
            "OR" | "Or" => return edit(index, "or"),
            "NOT" | "Not" => return edit(index, "not"),
            "args" if self.operator(index + 1, ".") && self.at(index + 2).is_some() => {
                let mut to = index + 2;
                while self.operator(to + 1, "-")
                    && self.at(to + 1)?.start == self.at(to)?.end
                    && self
                        .at(to + 2)
                        .is_some_and(|part| part.kind == Kind::Identifier)
                {
                    to += 2;
                }
                let name = Span::new(self.tokens[index + 2].start, self.tokens[to].end);
                return edit(to, &format!("{{{{args.{}}}}}", name.of(self.text)));
            }
            name if RESULTS.contains(&name) => return edit(index, "result"),
            _ => {}
        }
        let spelt = SPELLINGS
            .iter()
            .find(|own| own.eq_ignore_ascii_case(&word) && **own != word)?;
        edit(index, spelt)
    }

    /// One past the `]` or `)` that closes the bracket at `open`.
    fn behind(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for index in open..self.tokens.len() {
            if ["(", "[", "{"].iter().any(|b| self.bracket(index, b)) {
                depth += 1;
            } else if [")", "]", "}"].iter().any(|b| self.bracket(index, b)) {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index + 1);
                }
            }
        }
        None
    }

    /// `.name` chains behind `from`: the token after the last.
    fn behind_members(&self, mut from: usize) -> usize {
        while (self.operator(from, ".") || self.operator(from, "?."))
            && self
                .at(from + 1)
                .is_some_and(|name| name.kind == Kind::Identifier)
            && !self.bracket(from + 2, "(")
        {
            from += 2;
        }
        from
    }

    /// The result, or what is meant to be.
    fn is_result(&self, index: usize) -> bool {
        let is_meant = self.at(index).is_some_and(|token| {
            let word = token.text();
            token.kind == Kind::Identifier
                && (word.eq_ignore_ascii_case("result") || RESULTS.contains(&&*word))
        });
        is_meant && !self.is_member(index)
    }

    /// For a list: an index where the result stands bare, fields of an element dropped. `everywhere`: also where a
    /// function takes the list.
    fn with_index(&self, everywhere: bool) -> Edits {
        let mut edits = Edits::new();
        for index in (0..self.tokens.len()).filter(|index| self.is_result(*index)) {
            let next = index + 1;
            if self.bracket(next, "[") {
                let Some(behind) = self.behind(next) else {
                    continue;
                };
                let end = self.behind_members(behind);
                if end > behind {
                    edits.push((self.span(behind, end - 1), String::new()));
                }
                continue;
            }
            let end = self.behind_members(next);
            if end > next {
                edits.push((self.span(next, end - 1), "[0]".to_owned()));
            } else if everywhere || !self.is_list_argument(index) {
                edits.push((Span::at(self.tokens[index].end), "[0]".to_owned()));
            }
        }
        edits
    }

    /// Whether the result at `index` is what a function of lists is given.
    fn is_list_argument(&self, index: usize) -> bool {
        let is_first = index >= 2
            && self.bracket(index - 1, "(")
            && self.tokens[index - 2].kind == Kind::Identifier
            && TAKE_LISTS.contains(&&*self.tokens[index - 2].text());
        let is_default = index >= 2
            && self.bracket(index - 1, "(")
            && (self.name(index - 2, "default") || self.name(index - 2, "isNil"));
        let is_searched = index >= 1 && self.operator(index - 1, "in");
        is_first || is_default || is_searched || self.operator(index + 1, "|")
    }

    /// For a list: `default(result, 0)`, which gives the whole list, becomes `result[0]`.
    fn without_default(&self) -> Edits {
        let mut edits = Edits::new();
        let mut index = 0;
        while index < self.tokens.len() {
            let called = self.name(index, "default") && self.bracket(index + 1, "(");
            match self.behind(index + 1).filter(|_| called) {
                Some(behind) => {
                    edits.push((self.span(index, behind - 1), "result[0]".to_owned()));
                    index = behind;
                }
                None => index += 1,
            }
        }
        edits
    }

    /// For a number: indices and fields of the result dropped; with `clauses` also what asks for its length.
    fn without_index(&self, clauses: bool) -> Edits {
        let mut edits = Edits::new();
        let mut index = 0;
        while index < self.tokens.len() {
            if clauses && let Some(end) = self.length_clause(index) {
                edits.push((self.span(index, end), String::new()));
                index = end + 1;
                continue;
            }
            if self.is_result(index) {
                let next = index + 1;
                let behind = match self.bracket(next, "[") {
                    true => self.behind(next).unwrap_or(next),
                    false => next,
                };
                let end = self.behind_members(behind);
                if end > next {
                    edits.push((self.span(next, end - 1), String::new()));
                    index = end;
                    continue;
                }
            }
            index += 1;
        }
        edits
    }

    /// `len(result) > 0 &&`: the last of its tokens.
    fn length_clause(&self, index: usize) -> Option<usize> {
        let is_length = self.name(index, "len")
            && self.bracket(index + 1, "(")
            && self.is_result(index + 2)
            && self.bracket(index + 3, ")");
        let number = self
            .at(index + 5)
            .is_some_and(|token| token.kind == Kind::Number);
        let compared = ["==", "!=", "<", "<=", ">", ">="]
            .iter()
            .any(|operator| self.operator(index + 4, operator));
        let joined = ["&&", "and", "||", "or"]
            .iter()
            .any(|operator| self.operator(index + 6, operator));
        (is_length && compared && number && joined).then_some(index + 6)
    }
}

impl ConditionError {
    /// The byte that the error points at, where it points at one.
    pub fn offset(&self) -> Option<usize> {
        match self {
            ConditionError::Compile { offset, .. } => *offset,
            ConditionError::Run { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::compile;

    fn first_that_compiles(text: &str, result: ResultType) -> String {
        let made = repairs(text, result)
            .into_iter()
            .map(|edits| edited(text, &edits));
        made.into_iter()
            .find(|made| compile(made, result).is_ok_and(|p| p.can_give_a_verdict()))
            .unwrap_or_else(|| "-".to_owned())
    }

    #[test]
    fn what_the_author_meant() {
        for (text, of_list, of_number) in [
            ("result >= 0.95", "result[0] >= 0.95", "-"),
            ("result[0] = 1", "result[0] == 1", "result == 1"),
            ("result[0] =< 1", "result[0] <= 1", "result <= 1"),
            ("result[0] => 1", "result[0] >= 1", "result >= 1"),
            ("result[0] <> 1", "result[0] != 1", "result != 1"),
            ("result[0].value < 1", "result[0] < 1", "result < 1"),
            ("result.value < 1", "result[0] < 1", "result < 1"),
            ("result.a.b < 1", "result[0] < 1", "result < 1"),
            ("results[0] < 1", "result[0] < 1", "result < 1"),
            ("value < 1", "result[0] < 1", "result < 1"),
            (
                "result[0] < 1 AND result[0] > 0",
                "result[0] < 1 and result[0] > 0",
                "result < 1 and result > 0",
            ),
            ("isNan(result[0])", "isNaN(result[0])", "isNaN(result)"),
            (
                "isNaN(result) || result >= 1",
                "isNaN(result[0]) || result[0] >= 1",
                "-",
            ),
            (
                "len(result) > 0 && result >= 1",
                "len(result) > 0 && result[0] >= 1",
                " result >= 1",
            ),
            ("len(result) > 0 && result[0] >= 1", "-", " result >= 1"),
            ("default(result, 0) < 1", "result[0] < 1", "-"),
            (
                "default(result[0], 0) < 1",
                "result[0] < 1",
                "default(result, 0) < 1",
            ),
            (
                "all(result, # < 1) && result > 2",
                "all(result, # < 1) && result[0] > 2",
                "-",
            ),
            ("let x = 1; result > x", "let x = 1; result[0] > x", "-"),
            ("result[0] >", "-", "-"),
            ("'result' == result", "-", "-"),
            ("", "-", "-"),
        ] {
            assert_eq!(
                first_that_compiles(text, ResultType::Vector),
                of_list,
                "{text}"
            );
            assert_eq!(
                first_that_compiles(text, ResultType::Scalar),
                of_number,
                "{text}"
            );
        }
        let edits = repairs("result[0] < args.max-errors", ResultType::Vector);
        let made = edited("result[0] < args.max-errors", &edits[0]);
        assert_eq!(made, "result[0] < {{args.max-errors}}");
    }
}

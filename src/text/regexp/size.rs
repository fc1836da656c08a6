//! How large and how high Go's tree of a pattern becomes, without building it.
//!
//! Go bounds both while it parses (`checkLimits` in `regexp/syntax`). It also shortens alternations by common beginnings,
//! which is left out here: it moves a bound by little, where no pattern of people's comes near.

/// An expression, as its parent needs to know it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Whether its outermost operator is a repeat.
    pub(super) is_repeated: bool,
    /// The largest product of nested counts inside.
    pub(super) repeats: usize,
    /// Instructions of Go's program.
    pub(super) size: usize,
    /// Levels of Go's tree.
    pub(super) height: usize,
    /// Single characters and classes after all counted repeats: what one byte of text may cost.
    pub(super) atoms: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Literal,
    Concatenation,
    Alternation,
    Other,
}

impl Node {
    pub(super) fn item(kind: Kind) -> Self {
        Node {
            kind,
            is_repeated: false,
            repeats: 1,
            size: 1,
            height: 1,
            atoms: 1,
        }
    }

    /// Under `*`, `+`, `?` or, for `{`, a count: at least, at most.
    pub(super) fn repeated(self, operator: char, low: usize, high: Option<usize>) -> Self {
        let count = high.unwrap_or(low);
        let (repeats, size) = match (operator, high) {
            ('{', Some(0)) => (1, 0),
            ('{', Some(high)) => (
                self.repeats.saturating_mul(high),
                self.size.saturating_mul(high).saturating_add(high - low),
            ),
            ('{', None) if low > 0 => (
                self.repeats.saturating_mul(low),
                self.size.saturating_mul(low).saturating_add(1),
            ),
            ('+' | '?', _) => (self.repeats, self.size.saturating_add(1)),
            _ => (self.repeats, self.size.saturating_add(2)),
        };
        let atoms = if operator == '{' { count.max(1) } else { 1 };
        Node {
            kind: Kind::Other,
            is_repeated: true,
            repeats,
            size: size.max(1),
            height: self.height + 1,
            atoms: self.atoms.saturating_mul(atoms),
        }
    }

    /// Between a beginning and an end of text.
    pub(super) fn anchored(self) -> Self {
        Node {
            size: self.size.saturating_add(2),
            height: self.height + usize::from(self.kind != Kind::Concatenation),
            ..self
        }
    }
}

/// Expressions side by side or as alternatives.
#[derive(Debug, Clone, Copy, Default)]
struct List {
    /// 0, 1, or more.
    count: usize,
    /// The first, while it is alone.
    only: Option<Node>,
    is_literal_last: bool,
    repeats: usize,
    size: usize,
    height: usize,
    atoms: usize,
}

impl List {
    fn push(&mut self, node: Node, joined: Kind) {
        // A list in a list of its kind becomes part of it, and a literal behind a literal one text.
        let is_merged = node.kind == joined;
        let is_literal = node.kind == Kind::Literal && joined == Kind::Concatenation;
        if is_literal && self.is_literal_last {
            self.only = self.only.map(|first| Node {
                size: first.size.saturating_add(node.size),
                atoms: first.atoms.saturating_add(node.atoms),
                ..first
            });
        } else {
            self.only = (self.count == 0).then_some(node);
            self.count += 1;
        }
        self.is_literal_last = is_literal;
        self.repeats = self.repeats.max(node.repeats);
        self.size = self.size.saturating_add(node.size);
        self.height = self.height.max(node.height - usize::from(is_merged));
        self.atoms = self.atoms.saturating_add(node.atoms);
    }

    fn node(self, joined: Kind) -> Node {
        let nothing = Node {
            atoms: 0,
            ..Node::item(Kind::Other)
        };
        match (self.count, self.only) {
            (0, _) => nothing,
            (_, Some(only)) => only,
            (count, None) => Node {
                kind: joined,
                is_repeated: false,
                repeats: self.repeats,
                size: match joined {
                    Kind::Alternation => self.size.saturating_add(count - 1),
                    _ => self.size,
                },
                height: self.height + 1,
                atoms: self.atoms,
            },
        }
    }
}

/// What stands in one pair of parentheses so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    /// Where its text begins in what is written.
    pub(super) start: usize,
    is_capture: bool,
    alternatives: List,
    sequence: List,
    /// The last item, which a repeat would repeat, and where its text begins in what is written.
    pub(super) last: Option<(Node, usize)>,
}

impl Group {
    pub(super) fn new(start: usize, is_capture: bool) -> Self {
        Group {
            start,
            is_capture,
            ..Group::default()
        }
    }

    pub(super) fn push(&mut self, node: Node, start: usize) {
        self.settle();
        self.last = Some((node, start));
    }

    /// Ends an alternative.
    pub(super) fn branch(&mut self) -> Node {
        self.settle();
        let node = std::mem::take(&mut self.sequence).node(Kind::Concatenation);
        self.alternatives.push(node, Kind::Alternation);
        node
    }

    /// All of it.
    pub(super) fn node(mut self) -> Node {
        self.branch();
        let inner = self.alternatives.node(Kind::Alternation);
        if !self.is_capture {
            return inner;
        }
        Node {
            kind: Kind::Other,
            is_repeated: false,
            size: inner.size.saturating_add(2),
            height: inner.height + 1,
            ..inner
        }
    }

    fn settle(&mut self) {
        if let Some((node, _)) = self.last.take() {
            self.sequence.push(node, Kind::Concatenation);
        }
    }
}

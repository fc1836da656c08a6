//! YAML text into the documents it holds, or why one cannot be read; what stands behind a broken one is read all the same.
//!
//! Read as Kubernetes does (`sigs.k8s.io/yaml`, strict): YAML 1.1 scalars, `<<`, no key twice. Bounded: nodes, depth, and
//! what aliases make of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::block;
use super::tree::{Content, Entry, Item, Mapping, Node, Scalar};
use crate::text::place::Style;
use crate::text::plain::Meaning;
use crate::text::span::Span;

/// Nodes of one file, as they are written and with aliases written out.
const NODES: usize = 1_000_000;

/// Nodes within one another, aliases written out. The parser itself stops at 255 in each style.
const DEPTH: usize = 600;

/// Bytes of a scalar that weigh as much as a node, so that an alias of a long one cannot be followed a million times.
const TEXT: usize = 64;

/// A document.
#[derive(Debug)]
pub(super) struct Document {
    /// What it holds.
    pub(super) root: Arc<Node>,
    /// From its `---`, where it has one, up to the next document.
    pub(super) span: Span,
    /// What is read in several places, in text order, without overlap.
    pub(super) shared: Vec<Span>,
}

/// Why a document cannot be read.
#[derive(Debug)]
pub(super) struct Broken {
    /// In words.
    pub(super) problem: Problem,
    /// Where it begins to be so.
    pub(super) offset: usize,
    /// All of the document.
    pub(super) span: Span,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not YAML, in the parser's words.
    #[error("{0}")]
    Syntax(String),
    /// Kubernetes refuses it.
    #[error("key `{0}` stands there twice")]
    DuplicateKey(String),
    /// An object or a list as a key.
    #[error("expected a text as key, found {0}")]
    Key(&'static str),
    /// An unquoted `{{args.x}}` is an object within an object.
    #[error("expected a value, found `{{{{`, which opens an object; put the placeholder in quotes")]
    Placeholder,
    /// `<<` of something that has no keys.
    #[error("expected an object or a list of objects behind `<<`, found {0}")]
    Merge(&'static str),
    /// An alias within its own anchor.
    #[error("the alias stands within what it stands for")]
    Recursive,
    /// Too much, mostly by aliases of aliases.
    #[error("more than {NODES} values in one file, aliases written out")]
    Nodes,
    /// Too deep.
    #[error("more than {DEPTH} levels, aliases written out")]
    Depth,
    /// `.inf` and `.nan`.
    #[error("expected a number that JSON can hold, found `{0}`")]
    Number(String),
}

/// Reads all documents of `text`, in order.
pub(super) fn documents(text: &str) -> Vec<Result<Document, Broken>> {
    let mut options = granit_parser::options! {
        // As libyaml does, which Kubernetes reads with.
        block_scalar_eof_without_line_feed: true,
    };
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut found: Vec<Result<Document, Broken>> = Vec::new();
    let mut builder = Builder::new(text);
    while let Some(next) = parser.next_event() {
        let failure = match next {
            Ok((event, span)) => match builder.take(event, &span) {
                Ok(None) => continue,
                Ok(Some(document)) => {
                    found.push(Ok(document));
                    continue;
                }
                Err(failure) => failure,
            },
            Err(error) => Failure {
                problem: Problem::Syntax(error.info()),
                offset: error.marker().byte_offset().unwrap_or(builder.last),
            },
        };
        found.push(Err(builder.broken(failure)));
        if builder.count > NODES || !parser.proceed_next_document().is_ok_and(|more| more) {
            break;
        }
    }
    set_ends(&mut found, text.len());
    found
}

/// A document ends where the next begins.
fn set_ends(found: &mut [Result<Document, Broken>], end: usize) {
    let mut next = end;
    for document in found.iter_mut().rev() {
        let span = match document {
            Ok(document) => &mut document.span,
            Err(broken) => &mut broken.span,
        };
        span.start = span.start.min(next);
        span.end = next;
        next = span.start;
    }
}

struct Failure {
    problem: Problem,
    offset: usize,
}

/// A collection that is not over yet.
struct Open {
    content: Content,
    /// The key whose value comes next, where it was written and what it is.
    key: Option<(Arc<Node>, Span)>,
    start: usize,
    /// Where its last part so far ended.
    end: usize,
    in_flow: bool,
    anchor: usize,
    /// What `<<` brings.
    merges: Vec<Arc<Node>>,
    weight: usize,
    depth: usize,
}

struct Builder<'a> {
    text: &'a str,
    open: Vec<Open>,
    /// None while it is open.
    anchors: HashMap<usize, Option<Arc<Node>>>,
    aliased: Vec<Span>,
    root: Option<Arc<Node>>,
    /// Where the document begins.
    start: usize,
    /// Where the last event ended.
    last: usize,
    /// Events of the file so far, no fewer than nodes.
    count: usize,
    /// Of the documents so far, aliases written out.
    weight: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Builder {
            text,
            open: Vec::new(),
            anchors: HashMap::new(),
            aliased: Vec::new(),
            root: None,
            start: 0,
            last: 0,
            count: 0,
            weight: 0,
        }
    }

    fn begin(&mut self, start: usize) {
        self.open.clear();
        self.anchors.clear();
        self.aliased.clear();
        self.root = None;
        self.start = start;
    }

    fn broken(&mut self, failure: Failure) -> Broken {
        let start = self.start;
        self.begin(failure.offset.max(start));
        Broken {
            problem: failure.problem,
            offset: failure.offset,
            span: Span::at(start),
        }
    }

    /// Takes what the parser saw next; a document when it is over.
    fn take(
        &mut self,
        event: Event<'_>,
        at: &granit_parser::Span,
    ) -> Result<Option<Document>, Failure> {
        let range = at.byte_range().unwrap_or(self.last..self.last);
        let mut span = Span::new(range.start, range.end.max(range.start));
        self.count += 1;
        if self.count > NODES {
            return Err(Failure {
                problem: Problem::Nodes,
                offset: span.start,
            });
        }
        match event {
            Event::DocumentStart(..) => self.begin(span.start),
            Event::DocumentEnd => return Ok(self.document()),
            Event::Scalar(text, style, anchor, tag) => {
                let is_str =
                    tag.is_some_and(|tag| !tag.is_yaml_core_schema() || tag.suffix() == "str");
                // The parser writes `~` where nothing is written.
                let text = if span.start == span.end { "" } else { &text };
                let (node, end) = self.scalar(text, style, is_str, span, at.start.col());
                span = Span::new(node.span.start, end);
                let node = Arc::new(node);
                if anchor > 0 {
                    self.anchors.insert(anchor, Some(Arc::clone(&node)));
                }
                self.add(node, span)?;
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).cloned().flatten();
                let node = target.ok_or(Failure {
                    problem: Problem::Recursive,
                    offset: span.start,
                })?;
                self.aliased.push(node.span);
                self.add(node, span)?;
            }
            Event::SequenceStart(style, anchor, _) => {
                self.open(Content::Sequence(Vec::new()), style, anchor, span);
            }
            Event::MappingStart(style, anchor, _) => {
                self.open(Content::Mapping(Mapping::default()), style, anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            _ => {}
        }
        self.last = self.last.max(span.end);
        Ok(None)
    }

    fn document(&mut self) -> Option<Document> {
        let root = self.root.take()?;
        self.aliased.sort_unstable();
        let mut shared: Vec<Span> = Vec::new();
        for span in self.aliased.drain(..) {
            match shared.last_mut() {
                Some(last) if span.start < last.end => *last = last.to(span),
                _ => shared.push(span),
            }
        }
        Some(Document {
            root,
            span: Span::at(self.start),
            shared,
        })
    }

    /// The node, and where what is written of it ends.
    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        is_str: bool,
        span: Span,
        column: usize,
    ) -> (Node, usize) {
        let in_flow = self.open.last().is_some_and(|open| open.in_flow);
        let (style, span) = match style {
            ScalarStyle::Plain => (Style::Plain, span),
            ScalarStyle::SingleQuoted => (Style::SingleQuoted, span),
            ScalarStyle::DoubleQuoted => (Style::DoubleQuoted, span),
            ScalarStyle::Literal => (
                Style::Literal(column),
                block::with_header(self.text, self.last, span),
            ),
            ScalarStyle::Folded => (
                Style::Folded(column),
                block::with_header(self.text, self.last, span),
            ),
        };
        let node = Node {
            content: Content::Scalar(Scalar {
                text: text.into(),
                style,
                is_text: is_str || style != Style::Plain,
            }),
            span,
            in_flow,
            weight: 1 + text.len().max(span.end - span.start) / TEXT,
            depth: 1,
        };
        (node, span.end)
    }

    fn open(&mut self, content: Content, style: StructureStyle, anchor: usize, span: Span) {
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open {
            content,
            key: None,
            start: span.start,
            end: span.end,
            in_flow: style == StructureStyle::Flow,
            anchor,
            merges: Vec::new(),
            weight: 1,
            depth: 1,
        });
    }

    /// Puts a finished node where it belongs; `written` is the alias, where it is one.
    fn add(&mut self, node: Arc<Node>, written: Span) -> Result<(), Failure> {
        let here = |problem| Failure {
            problem,
            offset: written.start,
        };
        let Some(open) = self.open.last_mut() else {
            self.weight += node.weight;
            self.root = Some(node);
            return Ok(());
        };
        open.weight += node.weight;
        open.depth = open.depth.max(node.depth + 1);
        open.end = open.end.max(written.end);
        if self.weight + open.weight > NODES {
            return Err(here(Problem::Nodes));
        }
        if open.depth > DEPTH {
            return Err(here(Problem::Depth));
        }
        match &mut open.content {
            Content::Sequence(items) => items.push(Item { node }),
            Content::Mapping(_) if open.key.is_none() => open.key = Some((node, written)),
            Content::Mapping(mapping) => {
                // `None` was the arm above.
                let Some((key, key_written)) = open.key.take() else {
                    return Ok(());
                };
                if is_merge(&key) {
                    mapping.has_merge = true;
                    open.merges.extend(merged(node).map_err(here)?);
                    return Ok(());
                }
                let name = name(&key).map_err(|problem| Failure {
                    problem,
                    offset: key_written.start,
                })?;
                mapping.entries.push(Entry {
                    name,
                    key,
                    value: node,
                    written: key_written.to(written),
                });
            }
            Content::Scalar(_) => {}
        }
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Failure> {
        let Some(mut open) = self.open.pop() else {
            return Ok(());
        };
        if let Content::Mapping(mapping) = &mut open.content {
            finish(mapping, &open.merges)?;
        }
        let end = if open.in_flow { span.end } else { open.end };
        let written = Span::new(open.start, end.max(open.start));
        let node = Arc::new(Node {
            content: open.content,
            span: written,
            in_flow: open.in_flow,
            weight: open.weight,
            depth: open.depth,
        });
        if open.anchor > 0 {
            self.anchors.insert(open.anchor, Some(Arc::clone(&node)));
        }
        self.add(node, written)
    }
}

/// Looks for keys that stand there twice, and appends what `<<` brings.
fn finish(mapping: &mut Mapping, merges: &[Arc<Node>]) -> Result<(), Failure> {
    let mut names: HashSet<Arc<str>> = HashSet::with_capacity(mapping.entries.len());
    for entry in &mapping.entries {
        if !names.insert(Arc::clone(&entry.name)) {
            return Err(Failure {
                problem: Problem::DuplicateKey(entry.name.to_string()),
                offset: entry.written.start,
            });
        }
    }
    mapping.own = mapping.entries.len();
    let brought = merges.iter().filter_map(|node| node.mapping());
    for entry in brought.flat_map(|mapping| &mapping.entries) {
        if names.insert(Arc::clone(&entry.name)) {
            mapping.entries.push(entry.clone());
        }
    }
    Ok(())
}

fn is_merge(key: &Node) -> bool {
    key.scalar()
        .is_some_and(|scalar| !scalar.is_text && &*scalar.text == "<<")
}

/// The objects behind `<<`, the more important first.
fn merged(node: Arc<Node>) -> Result<Vec<Arc<Node>>, Problem> {
    match &node.content {
        Content::Mapping(_) => Ok(vec![node]),
        Content::Sequence(items) => {
            let other = items.iter().find(|item| item.node.mapping().is_none());
            match other {
                Some(other) => Err(Problem::Merge(other.node.describe())),
                None => Ok(items.iter().map(|item| Arc::clone(&item.node)).collect()),
            }
        }
        Content::Scalar(_) => Err(Problem::Merge(node.describe())),
    }
}

/// A key as JSON has it.
fn name(key: &Node) -> Result<Arc<str>, Problem> {
    let Some(scalar) = key.scalar() else {
        let is_placeholder = key.in_flow && key.mapping().is_some();
        return Err(if is_placeholder {
            Problem::Placeholder
        } else {
            Problem::Key(key.describe())
        });
    };
    Ok(match scalar.meaning() {
        Meaning::Null => return Err(Problem::Key("nothing")),
        Meaning::Bool(value) => value.to_string().into(),
        Meaning::Int(value) => value.to_string().into(),
        Meaning::Unsigned(value) => value.to_string().into(),
        Meaning::Float(_) | Meaning::Text => Arc::from(&*scalar.text),
    })
}

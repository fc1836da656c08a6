//! What stood on either side of the comparisons, for messages.

use super::{Input, Machine};
use crate::condition::ast::{Id, Loop, NodeKind, Op};
use crate::condition::print;
use crate::text::chain::bounded;

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// Its source text, cut at some 60 bytes.
    pub text: String,
    /// Its value as Go writes it, cut at some 120 bytes.
    pub value: String,
}

const MOST: usize = 4;
const TEXT: usize = 60;
const VALUE: usize = 120;

/// At most four operands; constants and what cannot be evaluated are left out.
pub(in crate::condition) fn operands(input: Input<'_>, root: Id, source: &str) -> Vec<Operand> {
    let mut seeker = Seeker {
        machine: Machine::new(input),
        source,
        found: Vec::new(),
    };
    seeker.seek(root);
    seeker.found
}

struct Seeker<'a> {
    machine: Machine<'a>,
    source: &'a str,
    found: Vec<Operand>,
}

impl Seeker<'_> {
    /// Looks for comparisons where the condition's own names hold: not inside predicates.
    fn seek(&mut self, id: Id) {
        let ast = self.machine.input.ast;
        match ast.kind(id) {
            NodeKind::Binary(..) => {
                let (spine, first) = ast.spine(id);
                if !matches!(ast.kind(first), NodeKind::Binary(..)) {
                    self.seek(first);
                }
                for node in spine.into_iter().rev() {
                    if let NodeKind::Binary(op, left, right) = *ast.kind(node) {
                        self.sides(op, left, right);
                    }
                }
            }
            NodeKind::MatchesPattern(operand, _) => self.tell(*operand),
            NodeKind::Unary(_, operand) => self.seek(*operand),
            NodeKind::Loop(node)
                if matches!(node.call, Loop::All | Loop::None | Loop::Any | Loop::One) =>
            {
                self.tell(node.collection);
            }
            NodeKind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                for id in [*condition, *then, *otherwise] {
                    self.seek(id);
                }
            }
            NodeKind::Let { name, value, body } => {
                if let Ok(value) = self.machine.eval(*value) {
                    self.machine.variables.push((name.clone(), value));
                    self.seek(*body);
                    self.machine.variables.pop();
                }
            }
            NodeKind::Sequence(nodes) => {
                if let Some(last) = nodes.last() {
                    self.seek(*last);
                }
            }
            _ => {}
        }
    }

    fn sides(&mut self, op: Op, left: Id, right: Id) {
        match op {
            Op::And | Op::Or => self.seek(right),
            Op::Equal
            | Op::NotEqual
            | Op::Less
            | Op::More
            | Op::LessEqual
            | Op::MoreEqual
            | Op::In
            | Op::Matches
            | Op::Contains
            | Op::StartsWith
            | Op::EndsWith => {
                self.tell(left);
                self.tell(right);
            }
            _ => {}
        }
    }

    fn tell(&mut self, id: Id) {
        let ast = self.machine.input.ast;
        if self.found.len() >= MOST || !depends(ast, id) {
            return;
        }
        let (start, end) = ast.get(id).span;
        let text = self.source.get(start as usize..end as usize).unwrap_or("");
        let text = bounded(&crate::text::chain::one_line(text), TEXT);
        if text.is_empty() || self.found.iter().any(|known| known.text == text) {
            return;
        }
        if let Ok(value) = self.machine.eval(id) {
            let value = bounded(&crate::text::chain::one_line(&print::short(&value)), VALUE);
            self.found.push(Operand { text, value });
        }
    }
}

/// Whether something below `id` is not written there as it is.
fn depends(ast: &crate::condition::ast::Ast, id: Id) -> bool {
    crate::condition::optimize::post_order(ast, id)
        .into_iter()
        .any(|id| {
            matches!(
                ast.kind(id),
                NodeKind::Name(_) | NodeKind::Call { .. } | NodeKind::Builtin { .. }
            )
        })
}

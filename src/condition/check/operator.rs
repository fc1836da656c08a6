//! Types of unary and binary operators.

use super::{Checked, Checker};
use crate::condition::ConditionError;
use crate::condition::ast::{Id, NodeKind, Op, Unary};
use crate::condition::limits;
use crate::condition::types::{Kind, Type};
use crate::text::regexp;

/// A type that an operator takes beside `any`.
#[derive(Clone, Copy)]
enum Taken {
    Number,
    Integer,
    Text,
    Time,
    Duration,
    Bool,
}

fn is(ty: &Type, taken: Taken) -> bool {
    match taken {
        Taken::Number => ty.is_number(),
        Taken::Integer => ty.is_integer(),
        Taken::Text => *ty == Type::Text,
        Taken::Time => *ty == Type::Time,
        Taken::Duration => *ty == Type::Duration,
        Taken::Bool => *ty == Type::Bool,
    }
}

/// expr's `MaybeCompatible`: one side unknown, the other unknown or one of `taken`.
fn maybe(l: &Type, r: &Type, taken: &[Taken]) -> bool {
    let any_of = |ty: &Type| taken.iter().any(|taken| is(ty, *taken));
    match (l.is_unknown(), r.is_unknown()) {
        (true, true) => true,
        (true, false) => any_of(r),
        (false, true) => any_of(l),
        (false, false) => false,
    }
}

fn both(l: &Type, r: &Type, taken: Taken) -> bool {
    is(l, taken) && is(r, taken)
}

fn promoted(l: &Type, r: &Type) -> Type {
    if *l == Type::Float || *r == Type::Float {
        Type::Float
    } else {
        Type::Int
    }
}

impl Checker<'_> {
    pub(super) fn unary(&mut self, id: Id, op: Unary, operand: Id) -> Checked {
        let ty = self.visit(operand)?;
        let name = match op {
            Unary::Not if ty == Type::Bool || ty.is_unknown() => return Ok(Type::Bool),
            Unary::Not => "!",
            _ if ty.is_number() => return Ok(ty),
            _ if ty.is_unknown() => return Ok(Type::Unknown),
            Unary::Minus => "-",
            Unary::Plus => "+",
        };
        let message = format!("invalid operation: {name} (mismatched type {})", ty.name());
        self.error(id, &message)
    }

    /// The left side of a chain of operators is walked in a loop: it may be long.
    pub(super) fn binary(&mut self, id: Id) -> Checked {
        let (spine, first) = self.ast.spine(id);
        let mut left = self.visit(first)?;
        for node in spine.into_iter().rev() {
            let NodeKind::Binary(op, _, right) = *self.ast.kind(node) else {
                continue;
            };
            let right_type = self.visit(right)?;
            left = self.operation(node, op, &left, &right_type)?;
            self.set(node, &left);
        }
        Ok(left)
    }

    fn operation(&mut self, id: Id, op: Op, l: &Type, r: &Type) -> Checked {
        let found = match op {
            Op::In => return self.membership(id, l, r),
            Op::Matches => {
                self.pattern(id)?;
                let bytes = *l == Type::Bytes && *r == Type::Text;
                (bytes || both(l, r, Taken::Text) || maybe(l, r, &[Taken::Text]))
                    .then_some(Type::Bool)
            }
            Op::Coalesce => Some(coalesced(l, r)),
            Op::Add | Op::Subtract | Op::Multiply => arithmetic(op, l, r),
            _ => plain(op, l, r),
        };
        match found {
            Some(ty) => Ok(ty),
            None => self.mismatch(id, op, l, r),
        }
    }

    fn mismatch(&self, id: Id, op: Op, l: &Type, r: &Type) -> Checked {
        self.error(
            id,
            &format!(
                "invalid operation: {} (mismatched types {} and {})",
                op.name(),
                l.name(),
                r.name()
            ),
        )
    }

    fn membership(&self, id: Id, l: &Type, r: &Type) -> Checked {
        let structure = matches!(r.kind(), Kind::Struct | Kind::Pointer);
        if structure && (*l == Type::Text || l.is_unknown()) {
            return Ok(Type::Bool);
        }
        if r.is_map() {
            if !l.is_unknown() && !l.assignable_to(&r.key()) {
                let (l, r) = (l.name(), r.key());
                return self.error(
                    id,
                    &format!("cannot use {l} as type {} in map key", r.name()),
                );
            }
            return Ok(Type::Bool);
        }
        if r.is_array() {
            let element = r.element();
            if !l.comparable_to(&element) {
                let (l, r) = (l.name(), element.name());
                return self.error(id, &format!("cannot use {l} as type {r} in array"));
            }
            return Ok(Type::Bool);
        }
        if l.is_unknown() && *r == Type::Text || r.is_unknown() {
            return Ok(Type::Bool);
        }
        self.mismatch(id, Op::In, l, r)
    }

    /// Patterns that are literals are compiled already here, for the error.
    fn pattern(&mut self, id: Id) -> Result<(), ConditionError> {
        let NodeKind::Binary(_, _, right) = *self.ast.kind(id) else {
            return Ok(());
        };
        let NodeKind::Text(pattern) = self.ast.kind(right) else {
            return Ok(());
        };
        if let Err(error) = regexp::compile(pattern) {
            return self.error(right, &error.to_string());
        }
        self.patterns += 1;
        if self.patterns > limits::PATTERNS {
            let message = format!("the condition has more than {} patterns", limits::PATTERNS);
            return self.error(right, &message);
        }
        Ok(())
    }
}

fn coalesced(l: &Type, r: &Type) -> Type {
    match (l.is_nil(), r.is_nil()) {
        (true, _) => r.clone(),
        (false, true) => l.clone(),
        _ if r.assignable_to(l) => l.clone(),
        _ => Type::Unknown,
    }
}

/// Operators whose result is of one type.
fn plain(op: Op, l: &Type, r: &Type) -> Option<Type> {
    use Taken::{Bool, Duration, Integer, Number, Text, Time};
    let (fits, result) = match op {
        Op::Equal | Op::NotEqual => (l.comparable_to(r), Type::Bool),
        Op::Or | Op::And => (both(l, r, Bool) || maybe(l, r, &[Bool]), Type::Bool),
        Op::Less | Op::More | Op::LessEqual | Op::MoreEqual => {
            let order = [Number, Text, Time, Duration];
            let same = order.into_iter().any(|taken| both(l, r, taken));
            (same || maybe(l, r, &order), Type::Bool)
        }
        Op::Divide | Op::Power => (both(l, r, Number) || maybe(l, r, &[Number]), Type::Float),
        Op::Modulo => (both(l, r, Integer) || maybe(l, r, &[Integer]), Type::Int),
        Op::Range => (
            both(l, r, Integer) || maybe(l, r, &[Integer]),
            Type::list_of(Type::Int),
        ),
        _ => (both(l, r, Text) || maybe(l, r, &[Text]), Type::Bool),
    };
    fits.then_some(result)
}

fn arithmetic(op: Op, l: &Type, r: &Type) -> Option<Type> {
    use Taken::{Duration, Number, Text, Time};
    if both(l, r, Number) {
        return Some(promoted(l, r));
    }
    let (unknown, known) = match op {
        Op::Subtract => (
            &[Number, Time, Duration][..],
            match (l, r) {
                (Type::Time, Type::Time) | (Type::Duration, Type::Duration) => Some(Type::Duration),
                (Type::Time, Type::Duration) => Some(Type::Time),
                _ => None,
            },
        ),
        Op::Multiply => {
            let scales = |ty: &Type| is(ty, Number) || is(ty, Duration);
            (
                &[Number, Duration][..],
                (scales(l) && scales(r)).then_some(Type::Duration),
            )
        }
        _ => (
            &[Number, Text, Time, Duration][..],
            match (l, r) {
                (Type::Text, Type::Text) => Some(Type::Text),
                (Type::Time, Type::Duration) | (Type::Duration, Type::Time) => Some(Type::Time),
                (Type::Duration, Type::Duration) => Some(Type::Duration),
                _ => None,
            },
        ),
    };
    known.or_else(|| maybe(l, r, unknown).then_some(Type::Unknown))
}

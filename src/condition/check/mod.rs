//! A tree into a tree with types, or the first type error: expr's `checker/checker.go`.
//!
//! Types stay on the nodes, since the rewriting and the run depend on them. What Go's checker does not look at
//! (arguments of a call on an unknown value, bounds of an unknown slice) is not looked at here either.

mod call;
mod operator;
mod predicate;

use super::ConditionError;
use super::ast::{Ast, Id, NodeKind};
use super::builtins;
use super::methods;
use super::types::{Callable, Kind, Type};

/// The names that a text can use.
#[derive(Debug, Clone)]
pub(super) enum Env {
    /// A condition: `result` of this type, and Argo's functions.
    Condition(Type),
    /// A time of a range query: `isNaN` and `isInf` only.
    Time,
}

impl Env {
    /// The type of a name that Argo defines.
    pub(super) fn get(&self, name: &str) -> Option<Type> {
        let functions = match self {
            Env::Condition(result) if name == "result" => return Some(result.clone()),
            Env::Condition(_) => &Callable::ARGO[..],
            Env::Time => &Callable::ARGO[..2],
        };
        let (_, function) = functions.iter().find(|(own, _)| *own == name)?;
        Some(Type::Function(*function))
    }
}

struct Scope {
    collection: Type,
    index: bool,
    acc: bool,
}

struct Checker<'a> {
    ast: &'a mut Ast,
    env: &'a Env,
    variables: Vec<(std::sync::Arc<str>, Type)>,
    scopes: Vec<Scope>,
    /// Nodes that two parents share are checked once.
    checked: Vec<bool>,
    /// Literal patterns so far.
    patterns: usize,
}

type Checked = Result<Type, ConditionError>;

/// Checks the tree under `root` and writes the types on it.
pub(super) fn check(ast: &mut Ast, root: Id, env: &Env) -> Checked {
    let checked = vec![false; ast.len()];
    let mut checker = Checker {
        ast,
        env,
        variables: Vec::new(),
        scopes: Vec::new(),
        checked,
        patterns: 0,
    };
    checker.visit(root)
}

impl Checker<'_> {
    fn error<T>(&self, id: Id, message: &str) -> Result<T, ConditionError> {
        let at = self.ast.get(id).span.0 as usize;
        Err(ConditionError::compile(message, at))
    }

    fn visit(&mut self, id: Id) -> Checked {
        if self.checked[id as usize] {
            return Ok(self.ast.get(id).ty.clone());
        }
        let ty = match self.ast.kind(id) {
            NodeKind::Binary(..) => self.binary(id)?,
            NodeKind::Nil => Type::Nil,
            NodeKind::Bool(_) => Type::Bool,
            NodeKind::Int(_) => Type::Int,
            NodeKind::Float(_) => Type::Float,
            NodeKind::Text(_) => Type::Text,
            NodeKind::Bytes(_) => Type::Bytes,
            // The rewriting makes these, after the check.
            NodeKind::Constant(_) | NodeKind::MatchesPattern(..) | NodeKind::SumOf(_) => {
                Type::Unknown
            }
            NodeKind::Name(_) => self.name(id)?,
            NodeKind::Unary(op, operand) => {
                let (op, operand) = (*op, *operand);
                self.unary(id, op, operand)?
            }
            NodeKind::Chain(inner) => {
                let inner = *inner;
                self.visit(inner)?
            }
            NodeKind::Member { .. } => self.member(id)?,
            NodeKind::Slice { .. } => self.slice(id)?,
            NodeKind::Call { .. } => self.call(id)?,
            NodeKind::Builtin { .. } => self.builtin(id)?,
            NodeKind::Loop(_) => self.predicate_call(id)?,
            NodeKind::Pointer(_) => self.pointer(id)?,
            NodeKind::Let { .. } => self.declaration(id)?,
            NodeKind::Sequence(nodes) => {
                let nodes = nodes.clone();
                let mut last = Type::Unknown;
                for node in nodes {
                    last = self.visit(node)?;
                }
                last
            }
            NodeKind::Conditional { .. } => self.conditional(id)?,
            NodeKind::Array(_) => self.array(id)?,
            NodeKind::Map(pairs) => {
                for (key, value) in pairs.clone() {
                    self.visit(key)?;
                    self.visit(value)?;
                }
                Type::Map
            }
        };
        self.set(id, &ty);
        Ok(ty)
    }

    fn set(&mut self, id: Id, ty: &Type) {
        self.ast.get_mut(id).ty = ty.clone();
        self.checked[id as usize] = true;
    }

    fn name(&self, id: Id) -> Checked {
        let NodeKind::Name(name) = self.ast.kind(id) else {
            return Ok(Type::Unknown);
        };
        if let Some((_, ty)) = self.variables.iter().rev().find(|(own, _)| own == name) {
            return Ok(ty.clone());
        }
        if &**name == "$env" {
            return Ok(Type::Unknown);
        }
        self.known_name(id, name, true)
    }

    fn known_name(&self, id: Id, name: &str, builtins: bool) -> Checked {
        if let Some(ty) = self.env.get(name) {
            return Ok(ty);
        }
        if builtins && builtins::is_name(name) {
            return Ok(Type::Function(Callable::Builtin));
        }
        self.error(id, &format!("unknown name {name}"))
    }

    fn property_text(&self, property: Id) -> Option<String> {
        match self.ast.kind(property) {
            NodeKind::Text(name) => Some(String::from_utf8_lossy(name).into_owned()),
            _ => None,
        }
    }

    fn is_env(&self, id: Id) -> bool {
        matches!(self.ast.kind(id), NodeKind::Name(name) if &**name == "$env")
    }

    fn member(&mut self, id: Id) -> Checked {
        let NodeKind::Member {
            base,
            property,
            optional,
            method,
        } = *self.ast.kind(id)
        else {
            return Ok(Type::Unknown);
        };
        let name = self.property_text(property);
        if self.is_env(base) {
            return match name {
                Some(name) if optional => Ok(self.env.get(&name).unwrap_or(Type::Unknown)),
                Some(name) => self.known_name(id, &name, false),
                None => Ok(Type::Unknown),
            };
        }
        let of = self.visit(base)?;
        let key = self.visit(property)?;
        if of.is_unknown() {
            return Ok(Type::Unknown);
        }
        if let Some(name) = &name {
            if of.is_nil() {
                return self.error(id, &format!("type nil has no field {name}"));
            }
            if methods::signature(&of, name).is_some() {
                // Go gives the method as a function; only its call is supported.
                return self.error(id, &format!("method {name} must be called"));
            }
        }
        match of.kind() {
            Kind::Map => {
                if !key.assignable_to(&of.key()) && !key.is_unknown() {
                    return self.error(
                        property,
                        &format!(
                            "cannot use {} to get an element from {}",
                            key.name(),
                            of.name()
                        ),
                    );
                }
                Ok(of.element())
            }
            Kind::Slice => {
                if !key.is_integer() && !key.is_unknown() {
                    return self.error(
                        property,
                        &format!(
                            "array elements can only be selected using an integer (got {})",
                            key.name()
                        ),
                    );
                }
                Ok(of.element())
            }
            _ => {
                let message = match name {
                    Some(name) if method => format!("type {} has no method {name}", of.name()),
                    Some(name) => format!("type {} has no field {name}", of.name()),
                    None => format!("type {}[{}] is undefined", of.name(), key.name()),
                };
                self.error(id, &message)
            }
        }
    }

    fn slice(&mut self, id: Id) -> Checked {
        let NodeKind::Slice { base, from, to } = *self.ast.kind(id) else {
            return Ok(Type::Unknown);
        };
        let ty = self.visit(base)?;
        if ty.is_unknown() {
            return Ok(Type::Unknown);
        }
        if !matches!(ty.kind(), Kind::String | Kind::Slice) {
            return self.error(id, &format!("cannot slice {}", ty.name()));
        }
        for bound in [from, to].into_iter().flatten() {
            let bound_type = self.visit(bound)?;
            if !bound_type.is_integer() && !bound_type.is_unknown() {
                let message = format!("non-integer slice index {}", bound_type.name());
                return self.error(bound, &message);
            }
        }
        Ok(ty)
    }

    fn declaration(&mut self, id: Id) -> Checked {
        let NodeKind::Let { name, value, body } = self.ast.kind(id) else {
            return Ok(Type::Unknown);
        };
        let (name, value, body) = (name.clone(), *value, *body);
        if self.env.get(&name).is_some() {
            return self.error(id, &format!("cannot redeclare {name}"));
        }
        if builtins::is_name(&name) {
            return self.error(id, &format!("cannot redeclare builtin {name}"));
        }
        if self.variables.iter().any(|(own, _)| *own == name) {
            return self.error(id, &format!("cannot redeclare variable {name}"));
        }
        let ty = self.visit(value)?;
        self.variables.push((name, ty));
        let body = self.visit(body)?;
        self.variables.pop();
        Ok(body)
    }

    fn conditional(&mut self, id: Id) -> Checked {
        let NodeKind::Conditional {
            condition,
            then,
            otherwise,
        } = *self.ast.kind(id)
        else {
            return Ok(Type::Unknown);
        };
        let c = self.visit(condition)?;
        if c != Type::Bool && !c.is_unknown() {
            let message = format!("non-bool expression (type {}) used as condition", c.name());
            return self.error(condition, &message);
        }
        let a = self.visit(then)?;
        let b = self.visit(otherwise)?;
        if a.is_nil() {
            return Ok(b);
        }
        if b.is_nil() {
            return Ok(a);
        }
        if !a.assignable_to(&b) {
            return Ok(Type::Unknown);
        }
        if a.is_array() && b.is_array() {
            let (x, y) = (a.element(), b.element());
            if !x.assignable_to(&y) || !y.assignable_to(&x) {
                return Ok(Type::List(None));
            }
        }
        Ok(a)
    }

    fn array(&mut self, id: Id) -> Checked {
        let NodeKind::Array(nodes) = self.ast.kind(id) else {
            return Ok(Type::Unknown);
        };
        let mut last = None;
        let mut same = true;
        for node in nodes.clone() {
            let ty = self.visit(node)?;
            same &= last.is_none_or(|last: Type| last.kind() == ty.kind());
            last = Some(ty);
        }
        Ok(if same {
            Type::list_of(last.unwrap_or(Type::Unknown))
        } else {
            Type::List(None)
        })
    }
}

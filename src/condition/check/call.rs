//! Types of calls: builtins, Argo's functions, methods.

use super::{Checked, Checker};
use crate::condition::ConditionError;
use crate::condition::ast::{Id, NodeKind, Op};
use crate::condition::builtins::{self, Signature};
use crate::condition::methods;
use crate::condition::types::{Kind, Type};

impl Checker<'_> {
    pub(super) fn call(&mut self, id: Id) -> Checked {
        let NodeKind::Call { callee, arguments } = self.ast.kind(id) else {
            return Ok(Type::Unknown);
        };
        let (callee, arguments) = (*callee, arguments.clone());
        if self.is_env(callee) {
            return self.error(id, "map[string]interface {} is not callable");
        }
        if let Some(found) = self.method_call(id, callee, &arguments)? {
            return Ok(found);
        }
        let function = self.visit(callee)?;
        if function.is_unknown() {
            return Ok(Type::Unknown);
        }
        let name = self.callee_name(callee);
        if function.is_nil() {
            let message = format!("{name} is nil; cannot call nil as function");
            return self.error(id, &message);
        }
        let Type::Function(callable) = function else {
            return self.error(id, &format!("{} is not callable", function.name()));
        };
        let Some((parameters, result)) = callable.signature() else {
            return self.error(id, "a builtin can only be called by its name");
        };
        let types = self.visit_all(&arguments)?;
        self.fit(id, &name, parameters, &arguments, &types)?;
        Ok(result)
    }

    fn callee_name(&self, callee: Id) -> String {
        match self.ast.kind(callee) {
            NodeKind::Name(name) => name.to_string(),
            NodeKind::Member { property, .. } => self
                .property_text(*property)
                .unwrap_or_else(|| "function".into()),
            _ => "function".into(),
        }
    }

    /// The call of a method of a time, duration and so on; nothing if it is no such call.
    fn method_call(
        &mut self,
        id: Id,
        callee: Id,
        arguments: &[Id],
    ) -> Result<Option<Type>, ConditionError> {
        let NodeKind::Member { base, property, .. } = *self.ast.kind(callee) else {
            return Ok(None);
        };
        let Some(name) = self.property_text(property).filter(|_| !self.is_env(base)) else {
            return Ok(None);
        };
        let of = self.visit(base)?;
        let Some((parameters, result)) = methods::signature(&of, &name) else {
            return Ok(None);
        };
        self.visit(property)?;
        let types = self.visit_all(arguments)?;
        self.fit(id, &name, parameters, arguments, &types)?;
        Ok(Some(result))
    }

    fn visit_all(&mut self, ids: &[Id]) -> Result<Vec<Type>, ConditionError> {
        ids.iter().map(|id| self.visit(*id)).collect()
    }

    pub(super) fn builtin(&mut self, id: Id) -> Checked {
        let NodeKind::Builtin {
            function,
            arguments,
        } = self.ast.kind(id)
        else {
            return Ok(Type::Unknown);
        };
        let (builtin, arguments) = (builtins::get(*function), arguments.clone());
        if builtin.name == "get" {
            return self.get(id, &arguments);
        }
        let types = self.visit_all(&arguments)?;
        match builtin.signature {
            Signature::Checked(check) => {
                let types: Vec<Type> = types
                    .into_iter()
                    .map(|ty| {
                        if ty.is_unknown() {
                            Type::Any
                        } else {
                            ty.plain()
                        }
                    })
                    .collect();
                match check(builtin.name, &types) {
                    Ok(ty) => Ok(ty.plain()),
                    Err(message) => self.error(id, &message),
                }
            }
            Signature::Overloads(overloads) => {
                let mut last = None;
                for (parameters, result) in overloads {
                    match self.fit(id, builtin.name, parameters, &arguments, &types) {
                        Ok(()) => return Ok(result.clone()),
                        Err(error) => last = Some(error),
                    }
                }
                Err(last.unwrap_or_else(|| ConditionError::compile("no matching overload", 0)))
            }
        }
    }

    fn get(&mut self, id: Id, arguments: &[Id]) -> Checked {
        let &[base, property] = arguments else {
            let message = format!(
                "invalid number of arguments (expected 2, got {})",
                arguments.len()
            );
            return self.error(id, &message);
        };
        let of = self.visit(base)?;
        let key = self.visit(property)?;
        if self.is_env(base) {
            let known = self.property_text(property).and_then(|n| self.env.get(&n));
            return Ok(known.unwrap_or(Type::Unknown));
        }
        if of.is_unknown() {
            return Ok(Type::Unknown);
        }
        match of.kind() {
            Kind::Slice if !key.is_integer() && !key.is_unknown() => {
                let message = format!("non-integer slice index {}", key.name());
                self.error(property, &message)
            }
            Kind::Map if !key.assignable_to(&of.key()) && !key.is_unknown() => self.error(
                property,
                &format!(
                    "cannot use {} to get an element from {}",
                    key.name(),
                    of.name()
                ),
            ),
            Kind::Slice | Kind::Map => Ok(of.element()),
            _ => {
                let message = format!("type {} does not support indexing", of.name());
                self.error(base, &message)
            }
        }
    }

    /// Whether the arguments fit the parameters; integer literals become floats where floats are wanted.
    fn fit(
        &mut self,
        id: Id,
        name: &str,
        parameters: &[Type],
        arguments: &[Id],
        types: &[Type],
    ) -> Result<(), ConditionError> {
        if arguments.len() > parameters.len() {
            return self.error(id, &format!("too many arguments to call {name}"));
        }
        if arguments.len() < parameters.len() {
            return self.error(id, &format!("not enough arguments to call {name}"));
        }
        for ((argument, ty), parameter) in arguments.iter().zip(types).zip(parameters) {
            if *parameter == Type::Float && ty.is_integer() {
                self.integers_to_floats(*argument);
                continue;
            }
            if parameter.is_integer() && ty.is_integer() {
                continue;
            }
            if ty.is_nil() && !matches!(parameter.kind(), Kind::Pointer | Kind::Interface) {
                let message = format!(
                    "cannot use nil as argument (type {}) to call {name}",
                    parameter.name()
                );
                return self.error(*argument, &message);
            }
            if !ty.is_nil() && !ty.assignable_to(parameter) && !ty.is_unknown() {
                let message = format!(
                    "cannot use {} as argument (type {}) to call {name} ",
                    ty.name(),
                    parameter.name()
                );
                return self.error(*argument, &message);
            }
        }
        Ok(())
    }

    /// Literals below signs and `+ - *` only; anything else stays an integer, which the call then refuses.
    fn integers_to_floats(&mut self, id: Id) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            match *self.ast.kind(id) {
                NodeKind::Int(n) => {
                    let node = self.ast.get_mut(id);
                    node.kind = NodeKind::Float(n as f64);
                    node.ty = Type::Float;
                }
                NodeKind::Unary(_, operand) => open.push(operand),
                NodeKind::Binary(Op::Add | Op::Subtract | Op::Multiply, left, right) => {
                    open.extend([left, right]);
                }
                _ => {}
            }
        }
    }
}

//! `{{args.name}}` in a template's JSON into the arguments' values, as the controller fills them in
//! (`utils/template/template.go`: in every string, nothing else may stand between the braces).

use serde_json::Value;

use crate::text::chain::bounded;

/// Why a text cannot be filled in; the words are the controller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SubstituteError {
    /// A `{{` without its end.
    #[error("no end tag `}}}}` after `{{{{{0}`")]
    Unclosed(String),
    /// No argument of that name.
    #[error("failed to resolve {{{{{0}}}}}")]
    Unknown(String),
    /// An argument without a value.
    #[error("argument \"{0}\" was not supplied; give it with `--arg {0}=VALUE`")]
    NoValue(String),
}

/// Fills every string of `value`; an argument's value is `None` where it has none.
pub(super) fn substitute(
    value: &Value,
    arguments: &[(String, Option<String>)],
) -> Result<Value, SubstituteError> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, arguments)?),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| substitute(item, arguments))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, value)| Ok((fill(key, arguments)?, substitute(value, arguments)?)))
                .collect::<Result<_, _>>()?,
        ),
        other => other.clone(),
    })
}

fn fill(text: &str, arguments: &[(String, Option<String>)]) -> Result<String, SubstituteError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tagged)) = rest.split_once("{{") {
        let (tag, after) = tagged
            .split_once("}}")
            .ok_or_else(|| SubstituteError::Unclosed(bounded(tagged, 40)))?;
        filled.push_str(before);
        let name = tag.trim();
        let argument = name
            .strip_prefix("args.")
            .and_then(|name| arguments.iter().find(|(known, _)| known == name));
        match argument {
            None => return Err(SubstituteError::Unknown(tag.to_owned())),
            Some((name, None)) => return Err(SubstituteError::NoValue(name.clone())),
            Some((_, Some(value))) => filled.push_str(value),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_filled_in_everywhere() {
        let arguments = [
            ("ns".to_owned(), Some("prod \"x\"".to_owned())),
            ("none".to_owned(), None),
        ];
        let filled = |value| substitute(&value, &arguments).map_err(|error| error.to_string());
        assert_eq!(
            filled(json!({"q": ["a {{args.ns}} {{ args.ns }}", 5, null]})),
            Ok(json!({"q": ["a prod \"x\" prod \"x\"", 5, null]}))
        );
        assert_eq!(
            filled(json!("{{args.ns")),
            Err("no end tag `}}` after `{{args.ns`".to_owned())
        );
        assert_eq!(
            filled(json!("{{args.no}}")),
            Err("failed to resolve {{args.no}}".to_owned())
        );
        assert_eq!(
            filled(json!("{{inputs.ns}}")),
            Err("failed to resolve {{inputs.ns}}".to_owned())
        );
        assert!(
            filled(json!("{{args.none}}"))
                .is_err_and(|error| error.starts_with("argument \"none\" was not supplied"))
        );
    }
}

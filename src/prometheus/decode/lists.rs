//! The answers of look-ups: texts kept up to a number, rules looked at and let go.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{api_error, envelope, malformed};
use crate::prometheus::error::{Malformed, QueryError};
use crate::prometheus::lookup::AlertHealth;

/// The first `limit` values of a label.
pub(in crate::prometheus) fn label_values(
    body: &[u8],
    limit: usize,
    content_type: Option<&str>,
) -> Result<Vec<String>, QueryError> {
    let data = data(body, content_type)?;
    let mut json = serde_json::Deserializer::from_str(data.get());
    FirstTexts(limit)
        .deserialize(&mut json)
        .map_err(|error| malformed(&error, content_type).into())
}

/// How the alerting rules called `name` fare; none if there is none. Prometheus 2 sends the rules of other names too.
pub(in crate::prometheus) fn alert_health(
    body: &[u8],
    name: &str,
    content_type: Option<&str>,
) -> Result<Option<AlertHealth>, QueryError> {
    let mut found: Option<AlertHealth> = None;
    let see = |rule: Rule<'_>| {
        if rule.name == name && rule.kind == "alerting" {
            let others = found.is_none_or(|others| others.is_healthy);
            found = Some(AlertHealth {
                is_healthy: others && rule.health == "ok",
            });
        }
    };
    rules(data(body, content_type)?, see).map_err(|error| malformed(&error, content_type))?;
    Ok(found)
}

/// `data` of a success that leaves nothing out.
fn data<'a>(body: &'a [u8], content_type: Option<&str>) -> Result<&'a RawValue, QueryError> {
    let envelope = envelope(body, content_type)?;
    if envelope.status == "error" {
        return Err(api_error(&envelope).into());
    }
    if envelope.is_partial() {
        return Err(QueryError::Partial);
    }
    envelope.data.ok_or_else(|| Malformed::NoData.into())
}

/// A list of texts into the first of them.
struct FirstTexts(usize);

impl<'de> DeserializeSeed<'de> for FirstTexts {
    type Value = Vec<String>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<String>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FirstTexts {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while texts.len() < self.0 {
            match list.next_element()? {
                Some(text) => texts.push(text),
                None => return Ok(texts),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(texts)
    }
}

/// `RuleDiscovery`: the groups still to be read.
#[derive(Deserialize)]
struct Discovery<'a> {
    #[serde(borrow, default)]
    groups: Option<&'a RawValue>,
}

/// `RuleGroup`: the rules still to be read.
#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow, default)]
    rules: Option<&'a RawValue>,
}

/// `AlertingRule` or `RecordingRule`; alerts and all else are passed over.
#[derive(Deserialize)]
struct Rule<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    health: Cow<'a, str>,
}

/// Shows each rule of each group, one at a time.
fn rules<'a>(discovery: &'a RawValue, mut see: impl FnMut(Rule<'a>)) -> serde_json::Result<()> {
    let discovery: Discovery<'a> = serde_json::from_str(discovery.get())?;
    let mut inner = Ok(());
    if let Some(groups) = discovery.groups {
        each(groups, |group: Group<'a>| {
            if let (Some(rules), true) = (group.rules, inner.is_ok()) {
                inner = each(rules, &mut see);
            }
        })?;
    }
    inner
}

/// Shows each element of a list, none of which is kept.
fn each<'a, T: Deserialize<'a>>(list: &'a RawValue, see: impl FnMut(T)) -> serde_json::Result<()> {
    struct Each<T, F>(F, PhantomData<T>);

    impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<T, F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element()? {
                self.0(element);
            }
            Ok(())
        }
    }

    serde_json::Deserializer::from_str(list.get()).deserialize_seq(Each(see, PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_up_to_the_limit() {
        let read = |body: &str, limit| {
            label_values(body.as_bytes(), limit, None).map_err(|error| error.to_string())
        };
        let body = r#"{"status":"success","data":["a","\u0062","c"],"warnings":["w"]}"#;
        assert_eq!(read(body, 21), Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(read(body, 2), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(read(body, 0), Ok(vec![]));
        assert_eq!(read(r#"{"status":"success","data":[]}"#, 21), Ok(vec![]));
        for (body, words) in [
            (
                r#"{"status":"success","isPartial":true,"data":["a"]}"#,
                "the answer is partial: a part of the store did not answer",
            ),
            (
                r#"{"status":"error","errorType":"bad_data","error":"no"}"#,
                "bad_data: no",
            ),
            (
                r#"{"status":"success"}"#,
                "bad_response: no `data` in the answer",
            ),
            (
                r#"{"status":"success","data":{}}"#,
                "bad_response: JSON at line 1 column 0 is none of Prometheus's API: expected `status`, `data` and what is in them",
            ),
            (
                r#"{"status":"success","data":[1]}"#,
                "bad_response: JSON at line 1 column 2 is none of Prometheus's API: expected `status`, `data` and what is in them",
            ),
        ] {
            assert_eq!(read(body, 21), Err(words.into()), "{body}");
        }
    }

    #[test]
    fn an_alert_is_healthy_if_all_its_rules_are() {
        let healthy = |is_healthy| Some(AlertHealth { is_healthy });
        let rule = |kind: &str, name: &str, health: &str| {
            format!(
                r#"{{"state":"firing","name":"{name}","alerts":[{{"labels":{{"name":"X"}}}}],"health":"{health}","type":"{kind}"}}"#
            )
        };
        let other = rule("alerting", "Y", "err");
        let recorded = rule("recording", "X", "err");
        let (good, bad) = (rule("alerting", "X", "ok"), rule("alerting", "X", "err"));
        let new = rule("alerting", "X", "unknown");
        for (rules, expected) in [
            (vec![], None),
            (vec![&other, &recorded], None),
            (vec![&other, &good], healthy(true)),
            (vec![&bad], healthy(false)),
            (vec![&new], healthy(false)),
            (vec![&bad, &good], healthy(false)),
            (vec![&good, &bad], healthy(false)),
            (vec![&good, &good], healthy(true)),
        ] {
            let rules: Vec<String> = rules.into_iter().cloned().collect();
            // One group each, and all in one; Mimir's empty error stands beside the success.
            for groups in [
                format!(r#"{{"name":"g","rules":[{}]}}"#, rules.join(",")),
                rules
                    .iter()
                    .map(|rule| format!(r#"{{"rules":[{rule}]}}"#))
                    .collect::<Vec<_>>()
                    .join(","),
            ] {
                let body = format!(
                    r#"{{"status":"success","data":{{"groups":[{groups}]}},"errorType":"","error":""}}"#
                );
                let found = alert_health(body.as_bytes(), "X", None).expect("an answer");
                assert_eq!(found, expected, "{body}");
            }
        }
        for body in [
            r#"{"status":"success","data":{"groups":null}}"#,
            r#"{"status":"success","data":{"groups":[{"rules":null}]}}"#,
            r#"{"status":"success","data":{}}"#,
        ] {
            let found = alert_health(body.as_bytes(), "X", None).expect("an answer");
            assert_eq!(found, None, "{body}");
        }
        for body in [
            r#"{"status":"success","data":{"groups":[{"rules":[7]}]}}"#,
            r#"{"status":"success","data":{"groups":[{"rules":{}}]}}"#,
            r#"{"status":"success","data":7}"#,
            "unsupported path requested",
        ] {
            assert!(alert_health(body.as_bytes(), "X", None).is_err(), "{body}");
        }
    }
}

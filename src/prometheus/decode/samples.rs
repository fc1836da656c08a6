//! `result` into samples and series: counted as they are read, native histograms refused.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Reading, Refusal};
use crate::prometheus::answer::{Sample, Series};
use crate::prometheus::error::Counted;

/// A text of the JSON, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A vector or matrix: rows until the limit of series.
pub(super) struct RowsSeed<'r, S> {
    pub(super) reading: &'r Reading,
    pub(super) row: S,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for RowsSeed<'_, S> {
    type Value = Vec<S::Value>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for RowsSeed<'_, S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element_seed(self.row)? {
            if rows.len() >= self.reading.limits.series {
                return Err(self.reading.refuse(Refusal::TooLarge(Counted::Series)));
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

/// `{"metric":{…},"value":[time,"number"]}`.
#[derive(Clone, Copy)]
pub(super) struct SampleSeed<'r>(pub(super) &'r Reading);

impl<'de> DeserializeSeed<'de> for SampleSeed<'_> {
    type Value = Sample;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Sample, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SampleSeed<'_> {
    type Value = Sample;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sample")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sample, A::Error> {
        const ONE: Refusal = Refusal::Shape("expected one `metric` and one `value` in each sample");
        let (mut labels, mut value) = (None, None);
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "metric" if labels.is_none() => labels = Some(map.next_value_seed(LabelsSeed)?),
                "value" if value.is_none() => value = Some(map.next_value_seed(PointSeed(self.0))?),
                "metric" | "value" => return Err(self.0.refuse(ONE)),
                "histogram" => return Err(self.0.refuse(Refusal::NativeHistogram)),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let value = value.ok_or_else(|| self.0.refuse(ONE))?;
        let labels = labels.unwrap_or_default();
        Ok(Sample { labels, value })
    }
}

/// `{"metric":{…},"values":[[time,"number"],…]}`.
#[derive(Clone, Copy)]
pub(super) struct SeriesSeed<'r>(pub(super) &'r Reading);

impl<'de> DeserializeSeed<'de> for SeriesSeed<'_> {
    type Value = Series;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Series, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SeriesSeed<'_> {
    type Value = Series;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Series, A::Error> {
        const ONE: Refusal =
            Refusal::Shape("expected one `metric` and one `values` in each series");
        let (mut labels, mut values) = (None, None);
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "metric" if labels.is_none() => labels = Some(map.next_value_seed(LabelsSeed)?),
                "values" if values.is_none() => {
                    values = Some(map.next_value_seed(PointsSeed(self.0))?)
                }
                "metric" | "values" => return Err(self.0.refuse(ONE)),
                "histograms" => {
                    if map
                        .next_value::<Option<First>>()?
                        .is_some_and(|first| first.0)
                    {
                        return Err(self.0.refuse(Refusal::NativeHistogram));
                    }
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let values = values.ok_or_else(|| self.0.refuse(ONE))?;
        let labels = labels.unwrap_or_default();
        Ok(Series { labels, values })
    }
}

/// Whether a list has a first element.
struct First(bool);

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<First, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = First;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First, A::Error> {
                let first = list.next_element::<IgnoredAny>()?.is_some();
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        json.deserialize_seq(Any)
    }
}

/// Labels in the order of the JSON.
struct LabelsSeed;

impl<'de> DeserializeSeed<'de> for LabelsSeed {
    type Value = Vec<(String, String)>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for LabelsSeed {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut labels = Vec::new();
        while let Some(label) = map.next_entry()? {
            labels.push(label);
        }
        Ok(labels)
    }
}

/// `[[time,"number"],…]` into its numbers.
#[derive(Clone, Copy)]
struct PointsSeed<'r>(&'r Reading);

impl<'de> DeserializeSeed<'de> for PointsSeed<'_> {
    type Value = Vec<f64>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<f64>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PointsSeed<'_> {
    type Value = Vec<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of points")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<f64>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(PointSeed(self.0))? {
            values.push(value);
        }
        Ok(values)
    }
}

/// `[time,"number"]` into the number. Times are looked at, not kept: a value has no use for them.
#[derive(Clone, Copy)]
pub(super) struct PointSeed<'r>(pub(super) &'r Reading);

impl<'de> DeserializeSeed<'de> for PointSeed<'_> {
    type Value = f64;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<f64, D::Error> {
        json.deserialize_tuple(2, self)
    }
}

impl<'de> Visitor<'de> for PointSeed<'_> {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time and a number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<f64, A::Error> {
        const PAIR: Refusal = Refusal::Shape("expected `[time, \"number\"]`");
        self.0.count_sample()?;
        if pair.next_element::<f64>()?.is_none() {
            return Err(self.0.refuse(PAIR));
        }
        match pair.next_element::<Text<'de>>()? {
            Some(Text(text)) => number(&text).ok_or_else(|| self.0.refuse(PAIR)),
            None => Err(self.0.refuse(PAIR)),
        }
    }
}

/// A number as Go's `strconv.ParseFloat` reads it, hexadecimal ones aside: past the largest is an error there, not infinity.
fn number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    // Go reads a NaN without a sign alone.
    if number.is_nan() && text.starts_with(['+', '-']) {
        return None;
    }
    let spelt = text.bytes().any(|byte| matches!(byte, b'i' | b'I'));
    (number.is_finite() || number.is_nan() || spelt).then_some(number)
}

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    small: Option<u8>,
    signed: Option<i64>,
    share: Option<f64>,
    any: Option<Value>,
    #[serde(default)]
    inner: Vec<Inner>,
    #[serde(default)]
    counts: BTreeMap<String, u16>,
    kind: Option<Kind>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner(Count);

#[derive(Debug, PartialEq, Deserialize)]
struct Count {
    count: i32,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Plain,
    Sized { width: u32 },
    Numbered(u32),
}

fn read(json: &str) -> Result<Outer, String> {
    let reader = &mut serde_json::Deserializer::from_str(json);
    Outer::deserialize(JsonInput(reader)).map_err(|error| error.to_string())
}

#[test]
fn a_whole_float_is_a_whole_number_at_every_depth() {
    let read = read(
        r#"{"small": 7.0, "signed": -61.0, "share": 2, "any": [1.0], "inner": [{"count": 1e2}],
            "counts": {"a": 3.0}, "kind": {"numbered": 4.0}}"#,
    )
    .expect("valid");
    assert_eq!((read.small, read.signed, read.share), (Some(7), Some(-61), Some(2.0)));
    assert_eq!(read.any, Some(serde_json::json!([1.0])), "any value stays as it was written");
    assert_eq!(read.inner, [Inner(Count { count: 100 })]);
    assert_eq!((read.counts["a"], read.kind), (3, Some(Kind::Numbered(4))));
}

#[test]
fn another_float_is_no_whole_number() {
    for json in
        [r#"{"small": 7.5}"#, r#"{"small": 256.0}"#, r#"{"small": -1.0}"#, r#"{"signed": 1e300}"#]
    {
        assert!(read(json).is_err(), "{json}");
    }
}

#[test]
fn an_array_is_no_object_at_any_depth() {
    for json in
        ["[7]", "[]", r#"{"inner": [[1]]}"#, r#"{"kind": {"sized": [1]}}"#, r#"{"counts": [1]}"#]
    {
        assert!(read(json).is_err(), "{json}");
    }
    assert_eq!(
        read(r#"{"kind": {"sized": {"width": 1.0}}}"#).map(|read| read.kind),
        Ok(Some(Kind::Sized { width: 1 }))
    );
    assert_eq!(read(r#"{"kind": "plain"}"#).map(|read| read.kind), Ok(Some(Kind::Plain)));
}

#[test]
fn an_error_names_no_type_of_rust() {
    assert_eq!(
        read("[7]").map_err(|error| plain_json_error(&error)),
        Err("invalid type: array, expected an object".to_owned())
    );
    assert_eq!(
        read(r#"{"small": 7.5}"#).map_err(|error| plain_json_error(&error)),
        Err("invalid type: floating point `7.5`, expected a whole number in its range".to_owned())
    );
    assert_eq!(plain_json_error("EOF while parsing at line 1 column 2"), "EOF while parsing");
}

#[test]
fn raw_values_keep_their_text() {
    let reader = &mut serde_json::Deserializer::from_str("{\"a\": 1.0}");
    let raw = Box::<RawValue>::deserialize(JsonInput(reader)).expect("valid");
    assert_eq!(raw.get(), "{\"a\": 1.0}");
}

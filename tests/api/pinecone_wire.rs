//! The messages of Pinecone's gRPC service that the tests use, with the field tags of the published definition.

use std::collections::HashMap;

use prost::Message;
use prost_types::Struct;
use prost_types::value::Kind;
use serde_json::{Map, Value};

/// gRPC status codes.
pub const INVALID: u16 = 3;
pub const NOT_FOUND: u16 = 5;
pub const THROTTLED: u16 = 8;
pub const UNAVAILABLE: u16 = 14;
pub const UNKNOWN_KEY: u16 = 16;

#[derive(Clone, PartialEq, Message)]
pub struct Vector {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(float, repeated, tag = "2")]
    pub values: Vec<f32>,
    #[prost(message, optional, tag = "3")]
    pub metadata: Option<Struct>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ScoredVector {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(float, tag = "2")]
    pub score: f32,
    #[prost(message, optional, tag = "4")]
    pub metadata: Option<Struct>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpsertRequest {
    #[prost(message, repeated, tag = "1")]
    pub vectors: Vec<Vector>,
    #[prost(string, tag = "2")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpsertResponse {
    #[prost(uint32, tag = "1")]
    pub upserted_count: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryRequest {
    #[prost(string, tag = "1")]
    pub namespace: String,
    #[prost(uint32, tag = "2")]
    pub top_k: u32,
    #[prost(message, optional, tag = "3")]
    pub filter: Option<Struct>,
    #[prost(bool, tag = "5")]
    pub include_metadata: bool,
    #[prost(float, repeated, tag = "7")]
    pub vector: Vec<f32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryResponse {
    #[prost(message, repeated, tag = "2")]
    pub matches: Vec<ScoredVector>,
    #[prost(string, tag = "3")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct FetchRequest {
    #[prost(string, repeated, tag = "1")]
    pub ids: Vec<String>,
    #[prost(string, tag = "2")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct FetchResponse {
    #[prost(map = "string, message", tag = "1")]
    pub vectors: HashMap<String, Vector>,
    #[prost(string, tag = "2")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct DeleteRequest {
    #[prost(string, repeated, tag = "1")]
    pub ids: Vec<String>,
    #[prost(bool, tag = "2")]
    pub delete_all: bool,
    #[prost(string, tag = "3")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Nothing {}

#[derive(Clone, PartialEq, Message)]
pub struct StatsRequest {
    #[prost(message, optional, tag = "1")]
    pub filter: Option<Struct>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    #[prost(uint32, tag = "1")]
    pub vector_count: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Stats {
    #[prost(map = "string, message", tag = "1")]
    pub namespaces: HashMap<String, Summary>,
    #[prost(uint32, tag = "2")]
    pub dimension: u32,
    #[prost(uint32, tag = "4")]
    pub total_vector_count: u32,
}

/// Converts a protobuf `Struct` to JSON.
pub fn as_json(structure: &Struct) -> Value {
    let fields = structure.fields.iter().map(|(name, value)| (name.clone(), value_as_json(value)));
    Value::Object(fields.collect::<Map<String, Value>>())
}

fn value_as_json(value: &prost_types::Value) -> Value {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(is)) => Value::from(*is),
        Some(Kind::NumberValue(number)) => Value::from(*number),
        Some(Kind::StringValue(text)) => Value::from(text.as_str()),
        Some(Kind::ListValue(list)) => list.values.iter().map(value_as_json).collect(),
        Some(Kind::StructValue(fields)) => as_json(fields),
    }
}

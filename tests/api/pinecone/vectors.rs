//! The vectors of the fake, and what may be asked about them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Inner, StoredVector};

/// An answer of the data API, or an error's status, code and message.
pub(super) type Answer = Result<Value, (StatusCode, i32, String)>;

fn invalid<T>(message: impl Into<String>) -> Result<T, (StatusCode, i32, String)> {
    Err((StatusCode::BAD_REQUEST, 3, message.into()))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("a text").to_owned()
}

fn numbers(value: &Value) -> Vec<f32> {
    let numbers = value.as_array().expect("a vector").iter();
    numbers.map(|number| number.as_f64().expect("a number") as f32).collect()
}

/// Returns metadata as it is stored: every number is a floating-point number.
fn stored_metadata(sent: &Value) -> Value {
    let fields = sent.as_object().expect("metadata").iter();
    let stored = fields.map(|(name, value)| {
        let value = match value {
            Value::Number(number) => json!(number.as_f64()),
            Value::String(_) | Value::Bool(_) => value.clone(),
            other => panic!("{other} cannot be metadata"),
        };
        (name.clone(), value)
    });
    Value::Object(stored.collect::<Map<String, Value>>())
}

impl Inner {
    /// Checks that a vector has the dimension of the index, and is not all zeros.
    fn check_dimension(&self, values: &[f32]) -> Result<(), (StatusCode, i32, String)> {
        let (given, dimension) =
            (values.len(), self.indexes.values().next().map_or(0, |index| index.dimension));
        if given == dimension && values.iter().any(|number| *number != 0.0) {
            return Ok(());
        }
        invalid(format!(
            "Vector dimension {given} does not match the dimension of the index {dimension}"
        ))
    }

    pub(super) fn upsert(&mut self, sent: &Value) -> Answer {
        let vectors = sent["vectors"].as_array().expect("vectors");
        if vectors.is_empty() || vectors.len() > 1000 {
            return invalid("an upsert has 1 to 1000 vectors");
        }
        for vector in vectors {
            self.check_dimension(&numbers(&vector["values"]))?;
        }
        for vector in vectors {
            let key = (text(sent, "namespace"), text(vector, "id"));
            let metadata = stored_metadata(&vector["metadata"]);
            self.vectors.insert(key, StoredVector { values: numbers(&vector["values"]), metadata });
        }
        Ok(json!({"upsertedCount": vectors.len()}))
    }

    pub(super) fn query(&self, sent: &Value) -> Answer {
        let vector = numbers(&sent["vector"]);
        self.check_dimension(&vector)?;
        let top_k = sent["topK"].as_u64().unwrap_or_default();
        if !(1..=10_000).contains(&top_k) {
            return invalid("top_k is from 1 to 10000");
        }
        let filter = sent.get("filter");
        let mut matches: Vec<(f32, Value)> = Vec::new();
        for ((namespace, id), stored) in &self.vectors {
            if sent["namespace"] != *namespace
                || !filter.is_none_or(|filter| is_match(filter, &stored.metadata))
            {
                continue;
            }
            let score = cosine(&vector, &stored.values);
            let mut found = json!({"id": id, "score": score, "values": []});
            if sent["includeMetadata"] == true && !stored.metadata.is_null() {
                found["metadata"] = stored.metadata.clone();
            }
            matches.push((score, found));
        }
        matches.sort_by(|a, b| b.0.total_cmp(&a.0));
        matches.truncate(top_k as usize);
        let matches: Vec<Value> = matches.into_iter().map(|(_, found)| found).collect();
        Ok(json!({"matches": matches, "namespace": sent["namespace"], "usage": {"readUnits": 5}}))
    }

    pub(super) fn fetch(&self, query: &str) -> Value {
        let parameters: Vec<(String, String)> =
            serde_urlencoded::from_str(query).expect("parameters");
        let of = |name: &str| -> Vec<String> {
            let named = parameters.iter().filter(|(given, _)| given == name);
            named.map(|(_, value)| value.clone()).collect()
        };
        let namespace = of("namespace").pop().expect("a namespace");
        let mut vectors = Map::new();
        for id in of("ids") {
            if let Some(stored) = self.vectors.get(&(namespace.clone(), id.clone())) {
                let StoredVector { values, metadata } = stored;
                let vector = json!({"id": id, "values": values, "metadata": metadata});
                vectors.insert(id, vector);
            }
        }
        json!({"vectors": vectors, "namespace": namespace, "usage": {"readUnits": 1}})
    }

    pub(super) fn delete(&mut self, sent: &Value) -> Answer {
        let namespace = text(sent, "namespace");
        let ids = sent.get("ids").map_or_else(Vec::new, |ids| ids.as_array().expect("ids").clone());
        let is_of_all = sent["deleteAll"] == true;
        if ids.len() > 1000 || ids.is_empty() != is_of_all {
            return invalid("a deletion has 1 to 1000 ids, or is of all");
        }
        if !self.vectors.keys().any(|(known, _)| *known == namespace) {
            return Err((StatusCode::NOT_FOUND, 5, "Namespace not found".to_owned()));
        }
        self.vectors.retain(|(known, id), _| {
            *known != namespace || !(is_of_all || ids.contains(&json!(id)))
        });
        Ok(json!({}))
    }

    pub(super) fn stats(&self) -> Value {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (namespace, _) in self.vectors.keys() {
            *counts.entry(namespace).or_default() += 1;
        }
        let namespaces: Map<String, Value> = counts
            .into_iter()
            .map(|(namespace, count)| (namespace.to_owned(), json!({"vectorCount": count})))
            .collect();
        let dimension = self.indexes.values().next().map_or(0, |index| index.dimension);
        let total = self.vectors.len();
        json!({"namespaces": namespaces, "dimension": dimension, "indexFullness": 0,
            "totalVectorCount": total})
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Returns whether metadata matches a filter.
fn is_match(filter: &Value, metadata: &Value) -> bool {
    filter.as_object().expect("a filter").iter().all(|(field, wanted)| {
        if field == "$and" {
            return wanted.as_array().expect("filters").iter().all(|each| is_match(each, metadata));
        }
        wanted.as_object().expect("an operation").iter().all(|(operation, operand)| {
            let value = &metadata[field];
            let among = || operand.as_array().expect("a list").contains(value);
            let number = |value: &Value| value.as_f64().expect("a number");
            // Stored numbers have a point, sent ones may not.
            let is_equal =
                value == operand || (value.is_number() && value.as_f64() == operand.as_f64());
            match operation.as_str() {
                "$eq" => is_equal,
                "$ne" => !is_equal,
                "$in" => among(),
                "$nin" => !among(),
                "$gte" => number(value) >= number(operand),
                "$lte" => number(value) <= number(operand),
                "$lt" => number(value) < number(operand),
                other => panic!("{other} is no operation"),
            }
        })
    })
}

//! A single column value while it is copied from one database to the other.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::query_builder::Separated;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{Postgres, Row, Sqlite};
use uuid::Uuid;

/// A column that exists in both databases.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    kind: Kind,
    /// Whether the database generates the column's values.
    pub(super) is_identity: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Long,
    Int,
    Real,
    Flag,
    Id,
    Time,
    Json,
    Bytes,
}

/// A typed column value; `None` is SQL `NULL`.
pub(super) enum Cell {
    Text(Option<String>),
    Long(Option<i64>),
    Int(Option<i32>),
    Real(Option<f64>),
    Flag(Option<bool>),
    Id(Option<Uuid>),
    Time(Option<DateTime<Utc>>),
    Json(Option<Box<RawValue>>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    /// Returns the number of bytes of a binary value or a text, which bound the memory of a batch.
    pub(super) fn byte_count(&self) -> usize {
        match self {
            Self::Bytes(Some(value)) => value.len(),
            Self::Text(Some(value)) => value.len(),
            _ => 0,
        }
    }
}

impl Column {
    /// Creates a column from its name and its PostgreSQL type name (`kind`).
    pub(super) fn new(name: String, kind: &str, is_identity: bool) -> Result<Self, sqlx::Error> {
        let kind = match kind {
            "text" | "varchar" => Kind::Text,
            "int8" => Kind::Long,
            "int4" => Kind::Int,
            "float8" => Kind::Real,
            "bool" => Kind::Flag,
            "uuid" => Kind::Id,
            "timestamptz" => Kind::Time,
            "jsonb" => Kind::Json,
            "bytea" => Kind::Bytes,
            other => {
                let message = format!("columns of the type {other} ({name}) cannot be copied");
                return Err(sqlx::Error::Protocol(message));
            }
        };
        Ok(Self { name, kind, is_identity })
    }

    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.name)
    }
}

/// Reads the cells of a row. `$json` decodes a JSON column, which differs between the databases.
macro_rules! cells {
    ($row:ident, $columns:ident, $json:expr) => {{
        let cell = |(at, column): (usize, &Column)| {
            Ok(match column.kind {
                Kind::Text => Cell::Text($row.try_get(at)?),
                Kind::Long => Cell::Long($row.try_get(at)?),
                Kind::Int => Cell::Int($row.try_get(at)?),
                Kind::Real => Cell::Real($row.try_get(at)?),
                Kind::Flag => Cell::Flag($row.try_get(at)?),
                Kind::Id => Cell::Id($row.try_get(at)?),
                Kind::Time => Cell::Time($row.try_get(at)?),
                Kind::Json => Cell::Json($json(at)?),
                Kind::Bytes => Cell::Bytes($row.try_get(at)?),
            })
        };
        $columns.iter().enumerate().map(cell).collect()
    }};
}

/// Reads the cells of a PostgreSQL row.
pub(super) fn from_postgres(row: &PgRow, columns: &[Column]) -> Result<Vec<Cell>, sqlx::Error> {
    type Raw = Option<Json<Box<RawValue>>>;
    let json = |at: usize| row.try_get::<Raw, _>(at).map(|json| json.map(|json| json.0));
    cells!(row, columns, json)
}

/// Reads the cells of a SQLite row.
pub(super) fn from_sqlite(row: &SqliteRow, columns: &[Column]) -> Result<Vec<Cell>, sqlx::Error> {
    let json = |at: usize| {
        let json = row.try_get::<Option<String>, _>(at)?.map(RawValue::from_string);
        json.transpose().map_err(|error| sqlx::Error::Decode(error.into()))
    };
    cells!(row, columns, json)
}

/// Binds the cells of a row that is inserted. `$json` encodes a JSON value.
macro_rules! bind {
    ($row:ident, $cells:ident, $json:expr) => {
        for cell in $cells {
            match cell {
                Cell::Text(value) => $row.push_bind(value),
                Cell::Long(value) => $row.push_bind(value),
                Cell::Int(value) => $row.push_bind(value),
                Cell::Real(value) => $row.push_bind(value),
                Cell::Flag(value) => $row.push_bind(value),
                Cell::Id(value) => $row.push_bind(value),
                Cell::Time(value) => $row.push_bind(value),
                Cell::Json(value) => $row.push_bind(value.map($json)),
                Cell::Bytes(value) => $row.push_bind(value),
            };
        }
    };
}

pub(super) fn bind_sqlite(mut row: Separated<'_, Sqlite, &str>, cells: Vec<Cell>) {
    bind!(row, cells, |json: Box<RawValue>| json.get().to_owned());
}

pub(super) fn bind_postgres(mut row: Separated<'_, Postgres, &str>, cells: Vec<Cell>) {
    bind!(row, cells, Json);
}

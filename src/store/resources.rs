//! Configuration resources: seven tables that are listed, read, written and deleted in the same way.

use chrono::{DateTime, Utc};
use sqlx::query::Query;
use sqlx::{Database, FromRow, Postgres, Sqlite};
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, like, with_read_pool, with_tx};
use crate::domain::{
    ClientTypeConfig, FlockConfig, InferenceModel, ModelConfig, PromptTemplate, SparrowConfig,
    StrategyConfig,
};

/// A resource with its timestamps.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Timestamped<T> {
    /// The resource.
    #[sqlx(flatten)]
    pub item: T,
    /// When the resource was created.
    pub date_created: DateTime<Utc>,
    /// When the resource was last written.
    pub date_updated: DateTime<Utc>,
}

/// Binds a resource's columns to a statement, in the order of their numbers.
pub trait Columns<D: Database> {
    /// Binds each column.
    fn bind_to<'q>(&'q self, query: Query<'q, D, D::Arguments>) -> Query<'q, D, D::Arguments>;
}

/// A table of resources. In each statement `$1` is the resource's name, which is unique.
pub trait ResourceTable:
    Columns<Postgres>
    + Columns<Sqlite>
    + for<'r> FromRow<'r, sqlx::postgres::PgRow>
    + for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
    + Send
    + Sync
    + Unpin
    + 'static
{
    /// Lists resources: `$1` is the name after which the page starts, `$2` a `LIKE` pattern, `$3` the maximum number.
    const LIST: &'static str;
    /// Selects a resource by name.
    const READ: &'static str;
    /// Inserts a resource; binds all columns, then the current time.
    const ADD: &'static str;
    /// Updates a resource; binds all columns, then the current time.
    const REPLACE: &'static str;
    /// Deletes a resource by name.
    const REMOVE: &'static str;
    /// The kinds of resources that may refer to this one, each with the statement that selects the names of those
    /// that do.
    const REFERRERS: &'static [(&'static str, &'static str)];
}

macro_rules! resource {
    (
        $type:ident in $table:literal by $id:ident,
        [$($number:literal $column:ident),*], $now:literal, $referrers:expr
    ) => {
        impl<D: Database> Columns<D> for $type
        where
            String: sqlx::Type<D> + for<'q> sqlx::Encode<'q, D>,
            Option<String>: sqlx::Type<D> + for<'q> sqlx::Encode<'q, D>,
            bool: sqlx::Type<D> + for<'q> sqlx::Encode<'q, D>,
            Option<i32>: sqlx::Type<D> + for<'q> sqlx::Encode<'q, D>,
            Option<f64>: sqlx::Type<D> + for<'q> sqlx::Encode<'q, D>,
            crate::domain::JsonObject: sqlx::Type<D> + for<'q> sqlx::Encode<'q, D>,
            Option<sqlx::types::Json<serde_json::Value>>: sqlx::Type<D> + for<'q> sqlx::Encode<'q, D>,
        {
            fn bind_to<'q>(&'q self, query: Query<'q, D, D::Arguments>) -> Query<'q, D, D::Arguments> {
                query$(.bind(&self.$column))*
            }
        }

        impl ResourceTable for $type {
            const LIST: &'static str = concat!(
                "SELECT * FROM ", $table, " WHERE ", stringify!($id), " > $1 AND (lower(",
                stringify!($id), ") LIKE lower($2) ESCAPE '!' OR lower(description) LIKE lower($2) ESCAPE '!') ",
                "ORDER BY ", stringify!($id), " LIMIT $3"
            );
            const READ: &'static str =
                concat!("SELECT * FROM ", $table, " WHERE ", stringify!($id), " = $1");
            const ADD: &'static str = concat!(
                "INSERT INTO ", $table, " (", $(stringify!($column), ", ",)*
                "date_created, date_updated) VALUES (", $("$", $number, ", ",)* "$", $now, ", $", $now,
                ") ON CONFLICT (", stringify!($id), ") DO NOTHING"
            );
            const REPLACE: &'static str = concat!(
                "UPDATE ", $table, " SET ", $(stringify!($column), " = $", $number, ", ",)*
                "date_updated = $", $now, " WHERE ", stringify!($id), " = $1"
            );
            const REMOVE: &'static str =
                concat!("DELETE FROM ", $table, " WHERE ", stringify!($id), " = $1");
            const REFERRERS: &'static [(&'static str, &'static str)] = $referrers;
        }
    };
}

resource!(InferenceModel in "inference_model" by slug,
    [1 slug, 2 description, 3 provider, 4 provider_api_variant, 5 provider_model_name,
     6 model_parameters, 7 prices], 8,
    &[("model-configs", "SELECT slug FROM model_config WHERE model = $1 ORDER BY slug")]);

resource!(PromptTemplate in "prompt_template" by slug,
[1 slug, 2 description, 3 text, 4 target_language], 5,
&[
    ("model-configs", "SELECT slug FROM model_config WHERE prompt_template = $1 ORDER BY slug"),
    ("strategy-configs", "SELECT slug FROM strategy_config WHERE seed_prompt_template = $1 ORDER BY slug"),
]);

resource!(ModelConfig in "model_config" by slug,
    [1 slug, 2 description, 3 model, 4 prompt_template, 5 model_parameters], 6,
    &[("strategy-configs", "SELECT slug FROM strategy_config WHERE text_to_text_model_config = $1 \
        OR text_to_image_model_config = $1 OR text_to_video_model_config = $1 ORDER BY slug")]);

resource!(StrategyConfig in "strategy_config" by slug,
[1 slug, 2 strategy_name, 3 is_default, 4 is_experimental, 5 description, 6 parameters,
 7 text_to_text_model_config, 8 text_to_image_model_config, 9 text_to_video_model_config,
 10 seed_prompt_template], 11,
&[
    ("sparrow-configs", "SELECT client_id FROM sparrow_config WHERE parameters ->> 'strategy' = $1 ORDER BY client_id"),
    ("flock-configs", "SELECT flock_id FROM flock_config WHERE parameters ->> 'strategy' = $1 ORDER BY flock_id"),
    ("client-type-configs", "SELECT client_type FROM client_type_config WHERE parameters ->> 'strategy' = $1 ORDER BY client_type"),
]);

resource!(SparrowConfig in "sparrow_config" by client_id,
    [1 client_id, 2 description, 3 parent_flock_id, 4 follow_parent_story, 5 parameters, 6 keys,
     7 schedule, 8 budget_per_day, 9 is_private, 10 is_learned_from], 11,
    &[]);

resource!(FlockConfig in "flock_config" by flock_id,
[1 flock_id, 2 description, 3 parent_flock_id, 4 parameters, 5 keys, 6 schedule,
 7 frames_per_day, 8 budget_per_day, 9 is_learned_from], 10,
&[
    ("sparrow-configs", "SELECT client_id FROM sparrow_config WHERE parent_flock_id = $1 ORDER BY client_id"),
    ("flock-configs", "SELECT flock_id FROM flock_config WHERE parent_flock_id = $1 ORDER BY flock_id"),
]);

resource!(ClientTypeConfig in "client_type_config" by client_type,
[1 client_type, 2 description, 3 parameters], 4,
&[
    ("sparrow-configs", "SELECT client_id FROM sparrow_config WHERE parameters ->> 'client_type' = $1 ORDER BY client_id"),
    ("flock-configs", "SELECT flock_id FROM flock_config WHERE parameters ->> 'client_type' = $1 ORDER BY flock_id"),
]);

impl Store {
    /// Returns resources with a name above `after` whose name or description contains `text`, in the order of their
    /// names, at most `limit`.
    pub async fn resources<T: ResourceTable>(
        &self,
        after: &str,
        text: &str,
        limit: i64,
    ) -> Result<Vec<Timestamped<T>>, StoreError> {
        let pattern = like::containing(text);
        with_read_pool!(self, db => sqlx::query_as(T::LIST)
            .bind(after)
            .bind(&pattern)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list configurations"))
    }

    /// Returns the resource with this name.
    pub async fn resource<T: ResourceTable>(
        &self,
        name: &str,
    ) -> Result<Option<Timestamped<T>>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(T::READ).bind(name).fetch_optional(db).await)
            .map_err(StoreError::failed("read a configuration"))
    }
}

impl Tx {
    /// Returns the resource with this name as this transaction sees it.
    pub async fn resource<T: ResourceTable>(
        &mut self,
        name: &str,
    ) -> Result<Option<Timestamped<T>>, StoreError> {
        with_tx!(self, db => sqlx::query_as(T::READ).bind(name).fetch_optional(db).await)
            .map_err(StoreError::failed("read a configuration"))
    }

    /// Inserts a resource. Returns `false` if one with its name exists.
    pub async fn insert_resource<T: ResourceTable>(
        &mut self,
        item: &T,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        with_tx!(self, db => item.bind_to(sqlx::query(T::ADD))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("add a configuration"))
    }

    /// Replaces the resource with the same name. Returns `false` if none exists.
    pub async fn replace_resource<T: ResourceTable>(
        &mut self,
        item: &T,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        with_tx!(self, db => item.bind_to(sqlx::query(T::REPLACE))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("update a configuration"))
    }

    /// Deletes the resource with this name. Returns `false` if none exists.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails or another resource refers to this one.
    pub async fn delete_resource<T: ResourceTable>(
        &mut self,
        name: &str,
    ) -> Result<bool, StoreError> {
        with_tx!(self, db => sqlx::query(T::REMOVE)
            .bind(name)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("delete a configuration"))
    }

    /// Returns what refers to the resource with this name, such as `model-configs fern`.
    pub async fn referrers<T: ResourceTable>(
        &mut self,
        name: &str,
    ) -> Result<Vec<String>, StoreError> {
        let mut all = Vec::new();
        for (resource, sql) in T::REFERRERS {
            let found: Vec<String> =
                with_tx!(self, db => sqlx::query_scalar(*sql).bind(name).fetch_all(db).await)
                    .map_err(StoreError::failed("list what refers to a configuration"))?;
            all.extend(found.iter().map(|name| format!("{resource} {name}")));
        }
        Ok(all)
    }
}

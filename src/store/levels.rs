//! The levels of a Sparrow's configuration, as telling a frame needs them.

use serde_json::{Map, Value};
use sqlx::FromRow;

use super::{Store, StoreError, with_read_pool};

/// A Sparrow's own configuration.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct SparrowLevel {
    /// The flock that it belongs to.
    pub parent_flock_id: Option<String>,
    /// Whether it shares that flock's story.
    pub follow_parent_story: bool,
    /// What it gives.
    #[sqlx(json)]
    pub parameters: Map<String, Value>,
    /// Its providers' keys.
    #[sqlx(json)]
    pub keys: Map<String, Value>,
    /// What it shows, and when.
    #[sqlx(json(nullable))]
    pub schedule: Option<Value>,
    /// How many US dollars its models may cost in a day.
    pub budget_per_day: Option<f64>,
    /// Whether anything is learned from it.
    pub is_learned_from: bool,
}

/// A flock's configuration.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct FlockLevel {
    /// The flock.
    pub flock_id: String,
    /// The flock that it belongs to itself.
    pub parent_flock_id: Option<String>,
    /// What it gives.
    #[sqlx(json)]
    pub parameters: Map<String, Value>,
    /// Its providers' keys.
    #[sqlx(json)]
    pub keys: Map<String, Value>,
    /// What its members show, and when.
    #[sqlx(json(nullable))]
    pub schedule: Option<Value>,
    /// How many frames its members may ask for in a day, all together.
    pub frames_per_day: Option<i32>,
    /// How many US dollars its members' models may cost in a day, all together.
    pub budget_per_day: Option<f64>,
    /// Whether anything is learned from its members.
    pub is_learned_from: bool,
}

impl Store {
    /// A Sparrow's own configuration.
    pub async fn sparrow_level(&self, client_id: &str) -> Result<Option<SparrowLevel>, StoreError> {
        const SQL: &str = "SELECT parent_flock_id, follow_parent_story, parameters, keys, schedule, \
             budget_per_day, is_learned_from \
             FROM sparrow_config WHERE client_id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a sparrow's configuration"))
    }

    /// A flock's configuration.
    pub async fn flock_level(&self, flock_id: &str) -> Result<Option<FlockLevel>, StoreError> {
        const SQL: &str = "SELECT flock_id, parent_flock_id, parameters, keys, schedule, \
             frames_per_day, budget_per_day, is_learned_from \
             FROM flock_config WHERE flock_id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(flock_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a flock's configuration"))
    }

    /// The parameters of a kind of client.
    pub async fn client_type_level(
        &self,
        client_type: &str,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        const SQL: &str = "SELECT parameters FROM client_type_config WHERE client_type = $1";
        let found: Option<sqlx::types::Json<Map<String, Value>>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_type).fetch_optional(db).await)
                .map_err(StoreError::failed("read a client type's configuration"))?;
        Ok(found.map(|json| json.0))
    }
}

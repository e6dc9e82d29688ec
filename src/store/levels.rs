//! The configuration levels that apply to a Sparrow's frames.

use serde_json::{Map, Value};
use sqlx::FromRow;

use super::{Store, StoreError, with_read_pool};

/// A Sparrow's own configuration.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct SparrowLevel {
    /// The Flock that the Sparrow belongs to.
    pub parent_flock_id: Option<String>,
    /// Whether the Sparrow shares that Flock's story.
    pub follow_parent_story: bool,
    /// Parameters set at this level.
    #[sqlx(json)]
    pub parameters: Map<String, Value>,
    /// Provider API keys set at this level.
    #[sqlx(json)]
    pub keys: Map<String, Value>,
    /// What the Sparrow shows, and when.
    #[sqlx(json(nullable))]
    pub schedule: Option<Value>,
    /// Maximum spending on models per day, in US dollars.
    pub budget_per_day: Option<f64>,
    /// Whether patterns and insights are learned from the Sparrow's frames.
    pub is_learned_from: bool,
    /// Whether only the Sparrow itself and admins see its stories.
    pub is_private: bool,
}

/// A Flock's configuration.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct FlockLevel {
    /// Flock id.
    pub flock_id: String,
    /// The Flock that this Flock belongs to.
    pub parent_flock_id: Option<String>,
    /// Parameters set at this level.
    #[sqlx(json)]
    pub parameters: Map<String, Value>,
    /// Provider API keys set at this level.
    #[sqlx(json)]
    pub keys: Map<String, Value>,
    /// What the members show, and when.
    #[sqlx(json(nullable))]
    pub schedule: Option<Value>,
    /// Maximum number of frames per day, for all members together.
    pub frames_per_day: Option<i32>,
    /// Maximum spending on models per day, in US dollars, for all members together.
    pub budget_per_day: Option<f64>,
    /// Whether patterns and insights are learned from the members' frames.
    pub is_learned_from: bool,
}

impl Store {
    /// Returns a Sparrow's own configuration.
    pub async fn sparrow_level(&self, client_id: &str) -> Result<Option<SparrowLevel>, StoreError> {
        const SQL: &str = "SELECT parent_flock_id, follow_parent_story, parameters, keys, schedule, \
             budget_per_day, is_learned_from, is_private \
             FROM sparrow_config WHERE client_id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a sparrow's configuration"))
    }

    /// Returns a Flock's configuration.
    pub async fn flock_level(&self, flock_id: &str) -> Result<Option<FlockLevel>, StoreError> {
        const SQL: &str = "SELECT flock_id, parent_flock_id, parameters, keys, schedule, \
             frames_per_day, budget_per_day, is_learned_from \
             FROM flock_config WHERE flock_id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(flock_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a flock's configuration"))
    }

    /// Returns the parameters of a client type.
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

//! The strategies that a client may choose from.

use serde::Serialize;
use utoipa::ToSchema;

use super::{App, AppError};

/// A strategy as a person who chooses one sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StrategyView {
    /// Its name in requests.
    pub slug: String,
    /// The storyteller behind it.
    pub strategy_name: String,
    /// What its stories are like.
    pub description: String,
    /// Whether it is the one that the client gets when it asks for none.
    pub is_default_for_client: bool,
    /// Whether it may still change.
    pub is_experimental: bool,
}

impl App {
    /// Every strategy, the default first.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails.
    pub async fn strategies(&self) -> Result<Vec<StrategyView>, AppError> {
        let strategies = self.store.strategies().await?;
        Ok(strategies
            .into_iter()
            .map(|s| StrategyView {
                slug: s.slug,
                strategy_name: s.strategy_name,
                description: s.description,
                is_default_for_client: s.is_default,
                is_experimental: s.is_experimental,
            })
            .collect())
    }
}

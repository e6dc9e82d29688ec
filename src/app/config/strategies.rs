//! The strategies that a client may choose from.

use serde::Serialize;
use utoipa::ToSchema;

use super::Config;
use super::resolve::DEFAULT_STRATEGY;
use crate::app::AppError;
use crate::domain::ClientId;

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

impl Config {
    /// Every strategy, the defaults first. With a client, the default is what it gets when it asks for none.
    pub async fn strategies(
        &self,
        client_id: Option<&ClientId>,
    ) -> Result<Vec<StrategyView>, AppError> {
        let strategies = self.store.strategies().await?;
        let of_client = match client_id {
            Some(client_id) => {
                let levels = self.levels(client_id.as_str()).await?;
                Some(self.resolve_current(client_id.as_str(), &levels).await?.resolved.strategy)
            }
            None => self.strategy(DEFAULT_STRATEGY).await?,
        };
        let of_client = of_client.as_ref().map(|strategy| strategy.slug.as_str());
        Ok(strategies
            .into_iter()
            .map(|s| StrategyView {
                is_default_for_client: of_client == Some(s.slug.as_str()),
                slug: s.slug,
                strategy_name: s.strategy_name,
                description: s.description,
                is_experimental: s.is_experimental,
            })
            .collect())
    }
}

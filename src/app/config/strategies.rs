//! The list of strategies that a client can choose from.

use serde::Serialize;
use utoipa::ToSchema;

use super::Config;
use super::resolve::DEFAULT_STRATEGY;
use crate::app::AppError;
use crate::domain::ClientId;

/// A strategy that a client can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StrategyView {
    /// The strategy's name in requests.
    #[schema(example = "lavender")]
    pub slug: String,
    /// The name of the storyteller that tells the stories.
    pub strategy_name: String,
    /// What the stories are like.
    pub description: String,
    /// Whether the client gets this strategy if its request names none.
    pub is_default_for_client: bool,
    /// Whether the strategy may still change.
    pub is_experimental: bool,
}

impl Config {
    /// Lists every strategy, those with `is_default` first. The default for the client is the strategy that its
    /// configuration resolves to; without a client, the installation's default.
    pub async fn strategies(
        &self,
        client_id: Option<&ClientId>,
    ) -> Result<Vec<StrategyView>, AppError> {
        let strategies = self.store.strategies().await?;
        let client_default = match client_id {
            Some(client_id) => {
                let levels = self.levels(client_id.as_str()).await?;
                Some(self.resolve_current(client_id.as_str(), &levels).await?.resolved.strategy)
            }
            None => self.strategy(DEFAULT_STRATEGY).await?,
        };
        let client_default = client_default.as_ref().map(|strategy| strategy.slug.as_str());
        Ok(strategies
            .into_iter()
            .map(|s| StrategyView {
                is_default_for_client: client_default == Some(s.slug.as_str()),
                slug: s.slug,
                strategy_name: s.strategy_name,
                description: s.description,
                is_experimental: s.is_experimental,
            })
            .collect())
    }
}

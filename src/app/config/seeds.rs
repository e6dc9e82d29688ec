//! Seeds: the models, prompts and strategies of a new database.

use figment::Figment;
use figment::providers::{Format, Toml};

use super::Config;
use crate::app::AppError;
use crate::store::Seeds;

const SEEDS: &str = include_str!("../../../config/seeds.toml");

impl Config {
    /// Adds the built-in models, prompts and strategies that the database lacks. Usually it lacks none, and one query shows
    /// that, so that a start does not wait for dozens of statements.
    pub async fn seed(&self) -> Result<(), AppError> {
        let mut seeds = builtin_seeds().map_err(AppError::internal)?;
        seeds.retain_missing(&self.store.seeded_slugs().await?);
        if seeds.is_empty() && self.store.installed_at().await?.is_some() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        tx.insert_installation(now).await?;
        tx.seed(&seeds, now).await?;
        Ok(tx.save().await?)
    }
}

fn builtin_seeds() -> Result<Seeds, Box<figment::Error>> {
    Figment::from(Toml::string(SEEDS)).extract().map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_that_are_built_in_can_be_read() {
        assert!(builtin_seeds().is_ok(), "{:?}", builtin_seeds());
    }
}

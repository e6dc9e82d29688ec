//! Seeds: the models, prompts and strategies of a new database.

use figment::Figment;
use figment::providers::{Format, Toml};

use super::Config;
use crate::app::AppError;
use crate::store::Seeds;

const SEEDS: &str = include_str!("../../../config/seeds.toml");

impl Config {
    /// Adds the built-in models, prompts and strategies that the database lacks.
    pub async fn seed(&self) -> Result<(), AppError> {
        let seeds = builtin_seeds().map_err(AppError::internal)?;
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

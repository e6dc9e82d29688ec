//! `calliope token`: makes, lists and takes back API tokens.

use clap::{Args, Subcommand, ValueEnum};

use super::identity::with_identities;
use crate::app::identity::{CreateTokenRequest, TokenView};
use crate::domain::{Lifetime, ScopeName};
use crate::settings::LoadedSettings;

/// How many are read at a time.
const PAGE_SIZE: i64 = 100;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token; it alone is printed, and never again
    Create(Create),
    /// Show every token, without what could be used in its place
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a token back
    Revoke {
        /// The token's number, as the list shows it
        id: i64,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What the token is for
    #[arg(long)]
    name: String,
    /// How far it goes
    #[arg(long)]
    scope: ScopeArgument,
    /// Whose it is; for scope device
    #[arg(long, required_if_eq("scope", "device"))]
    client_id: Option<String>,
    /// For how long it is good, such as 12h, 90d or 4w; without this it does not expire
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScopeArgument {
    /// Everything
    Admin,
    /// Any Sparrow
    Client,
    /// One Sparrow
    Device,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the command's data and messages")]
pub(super) fn run(loaded: &LoadedSettings, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Create(create) => {
            let order = order(create);
            let made = with_identities(loaded, async |identities, act| {
                Ok(identities.create_token(order, &act).await?)
            })?;
            println!("{}", made.token);
            eprintln!("token {} is made; it is not shown again", made.view.id);
        }
        Command::List { json } => {
            let tokens = list(loaded)?;
            if json {
                println!("{}", serde_json::to_string_pretty(&tokens)?);
            } else {
                for token in &tokens {
                    println!("{}", line(token));
                }
            }
        }
        Command::Revoke { id } => {
            with_identities(loaded, async |identities, act| {
                Ok(identities.revoke_token(id, &act).await?)
            })?;
            eprintln!("token {id} is revoked");
        }
    }
    Ok(())
}

fn lifetime(text: &str) -> Result<String, crate::domain::InvalidLifetime> {
    text.parse::<Lifetime>().map(|_| text.to_owned())
}

fn order(create: Create) -> CreateTokenRequest {
    let scope = match create.scope {
        ScopeArgument::Admin => ScopeName::Admin,
        ScopeArgument::Client => ScopeName::Client,
        ScopeArgument::Device => ScopeName::Device,
    };
    let Create { name, client_id, expires: expires_in, .. } = create;
    CreateTokenRequest { name, scope, client_id, expires_in, date_expires: None }
}

fn list(loaded: &LoadedSettings) -> anyhow::Result<Vec<TokenView>> {
    with_identities(loaded, async |identities, _| {
        let (mut tokens, mut after) = (Vec::new(), None);
        loop {
            let page = identities.tokens(after, "", PAGE_SIZE).await?;
            tokens.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(tokens);
            }
        }
    })
}

fn line(token: &TokenView) -> String {
    let scope = match token.scope {
        ScopeName::Admin => "admin",
        ScopeName::Client => "client",
        ScopeName::Device => "device",
    };
    let validity = match (token.date_revoked, token.date_expires) {
        (Some(at), _) => format!("revoked {}", at.date_naive()),
        (None, Some(at)) => format!("until {}", at.format("%Y-%m-%dT%H:%MZ")),
        (None, None) => "good".to_owned(),
    };
    let used =
        token.last_used.map_or("never".to_owned(), |at| at.format("%Y-%m-%dT%H:%MZ").to_string());
    let (id, hint, name) = (token.id, &token.hint, &token.name);
    let client = token.client_id.as_deref().unwrap_or("-");
    format!("{id:>5}  {hint}  {scope:<6}  {validity:<24}  used {used:<17}  {client}  {name}")
}

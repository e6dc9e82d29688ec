//! `calliope token`: creates, lists and revokes API tokens.

use clap::{Args, Subcommand, ValueEnum};

use super::identity::with_identities;
use super::output::{print_line, print_message};
use crate::app::identity::{CreateTokenRequest, TokenView};
use crate::domain::{Lifetime, ScopeName};
use crate::settings::LoadedSettings;

/// The number of tokens that are read at a time.
const PAGE_SIZE: i64 = 100;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a token and print it; it is never shown again
    Create(Create),
    /// List tokens, without their secrets
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token
    Revoke {
        /// The token's id, as the list shows it
        id: i64,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What the token is for
    #[arg(long)]
    name: String,
    /// What the token gives access to
    #[arg(long)]
    scope: ScopeArgument,
    /// The Sparrow's client id; for scope device
    #[arg(long, required_if_eq("scope", "device"))]
    client_id: Option<String>,
    /// How long the token is valid, such as 12h, 90d or 4w; without this it does not expire
    #[arg(long, value_name = "TIME", value_parser = check_lifetime)]
    expires: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScopeArgument {
    /// Everything
    Admin,
    /// Every Sparrow
    Client,
    /// One Sparrow
    Device,
}

pub(super) fn run(loaded: &LoadedSettings, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Create(create) => {
            let request = into_request(create);
            let created = with_identities(loaded, async |identities, audit| {
                Ok(identities.create_token(request, &audit).await?)
            })?;
            print_line!("{}", created.token)?;
            print_message!("token {} was created; it is not shown again", created.view.id);
        }
        Command::List { json } => {
            let tokens = list(loaded)?;
            if json {
                print_line!("{}", serde_json::to_string_pretty(&tokens)?)?;
            } else {
                for token in &tokens {
                    print_line!("{}", format_line(token))?;
                }
            }
        }
        Command::Revoke { id } => {
            with_identities(loaded, async |identities, audit| {
                Ok(identities.revoke_token(id, &audit).await?)
            })?;
            print_message!("token {id} was revoked");
        }
    }
    Ok(())
}

/// Checks that a text is a lifetime.
fn check_lifetime(text: &str) -> Result<String, crate::domain::InvalidLifetime> {
    text.parse::<Lifetime>().map(|_| text.to_owned())
}

fn into_request(create: Create) -> CreateTokenRequest {
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

fn format_line(token: &TokenView) -> String {
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

//! Commands to devices, and which Sparrow got which.

use calliope::domain::DeviceCommand;
use calliope::store::{CommandTarget, SentCommand, Store};
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both};

on_both! {
    a_command_replaces_what_it_contradicts;
    a_sparrow_gets_a_command_once;
}

fn command(target: CommandTarget<'_>, command: DeviceCommand, seconds: i64) -> SentCommand {
    SentCommand {
        id: Uuid::now_v7(),
        client_id: target.client_id().map(str::to_owned),
        flock_id: target.flock_id().map(str::to_owned),
        command,
        date_created: at(seconds),
        date_expires: at(seconds + 60),
    }
}

async fn send(store: &Store, commands: &[SentCommand]) {
    let mut tx = store.begin().await.expect("begun");
    for command in commands {
        tx.replace_device_command(command).await.expect("sent");
    }
    tx.save().await.expect("saved");
}

async fn all(store: &Store) -> Vec<Uuid> {
    let commands = store.device_commands(Uuid::nil(), 99).await.expect("read");
    commands.iter().map(|command| command.id).collect()
}

async fn a_command_replaces_what_it_contradicts(database: TestDatabase) {
    use DeviceCommand::{Blackout, Identify, Next, Resume};
    let store = database.store().await;
    // A Sparrow and a flock may have the same name.
    let (sparrow, flock) = (CommandTarget::Sparrow("s"), CommandTarget::Flock("s"));
    let sent = [
        command(sparrow, Blackout, 0),
        command(sparrow, Identify, 1),
        command(flock, Blackout, 2),
        command(flock, Next, 3),
        command(CommandTarget::Sparrow("t"), Blackout, 4),
    ];
    send(&store, &sent).await;
    let listed = store.device_commands(Uuid::nil(), 99).await.expect("read");
    assert_eq!(listed, sent);
    assert_eq!(listed.iter().filter(|command| command.is_blackout()).count(), 3);
    assert_eq!(store.device_commands(sent[1].id, 2).await.expect("read"), sent[2..4]);
    let again = [command(sparrow, Resume, 5), command(sparrow, Identify, 6)];
    send(&store, &again).await;
    let ids = |commands: &[&SentCommand]| commands.iter().map(|sent| sent.id).collect::<Vec<_>>();
    let left = ids(&[&sent[2], &sent[3], &sent[4], &again[0], &again[1]]);
    assert_eq!(all(&store).await, left);
    let mut tx = store.begin().await.expect("begun");
    tx.delete_expired_commands(at(65)).await.expect("deleted");
    tx.save().await.expect("saved");
    let left = ids(&[&sent[2], &sent[4], &again[0], &again[1]]);
    assert_eq!(all(&store).await, left, "a blackout has no end");
    let mut tx = store.begin().await.expect("begun");
    tx.delete_commands_of_flock("s").await.expect("deleted");
    tx.save().await.expect("saved");
    assert_eq!(all(&store).await, ids(&[&sent[4], &again[0], &again[1]]));
    store.close().await;
    database.remove().await;
}

async fn a_sparrow_gets_a_command_once(database: TestDatabase) {
    let store = database.store().await;
    let sent = command(CommandTarget::Flock("f"), DeviceCommand::Identify, 0);
    send(&store, std::slice::from_ref(&sent)).await;
    let deliver = async |id: Uuid, client_id: &str, seconds: i64| {
        let mut tx = store.begin().await.expect("begun");
        let is_first = tx.insert_command_delivery(id, client_id, at(seconds)).await.expect("saved");
        tx.save().await.expect("saved");
        is_first
    };
    let both = tokio::join!(deliver(sent.id, "s", 1), deliver(sent.id, "s", 1));
    assert!(both.0 != both.1, "{both:?}");
    assert!(!deliver(sent.id, "s", 2).await);
    assert!(deliver(sent.id, "t", 3).await, "each of the flock gets it");
    assert!(!deliver(Uuid::now_v7(), "s", 3).await, "it was replaced meanwhile");
    let mut tx = store.begin().await.expect("begun");
    tx.delete_command_deliveries(at(2)).await.expect("deleted");
    tx.save().await.expect("saved");
    assert!(deliver(sent.id, "s", 4).await, "it is forgotten");
    assert!(!deliver(sent.id, "t", 4).await, "it was later");
    let mut tx = store.begin().await.expect("begun");
    tx.delete_client_rows("t").await.expect("erased");
    tx.save().await.expect("saved");
    assert!(deliver(sent.id, "t", 5).await, "nothing is left of an erased client");
    store.close().await;
    database.remove().await;
}

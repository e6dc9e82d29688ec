//! Rebuilds the binary when a migration changes, because migrations are compiled into it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}

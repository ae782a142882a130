//! A new migration alone changes no source: without this it would not be embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}

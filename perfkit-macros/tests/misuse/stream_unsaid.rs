//! A warning each, here denied, and none where the answer was given.
#![deny(warnings)]

use std::pin::Pin;

use futures_util::stream::{BoxStream, Stream, StreamExt, iter};
use perfkit::measure;

#[measure]
fn opaque(text: &str) -> impl Stream<Item = char> + Send + '_ {
    iter(text.chars())
}

#[measure(name = "pinned", cpu)]
fn pinned() -> Pin<Box<dyn Stream<Item = u32>>> {
    Box::pin(iter(0..3))
}

trait Source {
    #[measure]
    fn all(&self) -> BoxStream<'static, u32> {
        iter(0..3).boxed()
    }
}

impl Source for () {}

struct Table<T>(T);

impl<T: Clone> Table<T> {
    #[measure]
    fn scan(&self) -> impl Stream<Item = T> {
        iter([self.0.clone()])
    }

    #[measure(stream = false)]
    fn answered(&self) -> impl Stream<Item = T> {
        iter([self.0.clone()])
    }

    #[measure]
    #[allow(deprecated)]
    fn allowed(&self) -> impl Stream<Item = T> {
        iter([self.0.clone()])
    }
}

fn main() {
    let table = Table(1);
    let _ = (opaque(""), pinned(), ().all());
    let _ = (table.scan(), table.answered(), table.allowed());
}

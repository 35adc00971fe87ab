//! `measure-everything ATTRIBUTE FOLDER`: puts an attribute on every function with a body
//! in the Rust files of a folder, and prints how many it put there and which it left alone.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, ItemFn, Macro, Signature, TraitItemFn};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(attribute), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("an attribute and a folder are needed".into());
    };
    let mut functions = Functions::default();
    measure_folder(Path::new(&folder), &attribute, &mut functions)?;
    println!("{} functions measured", functions.measured);
    for (reason, count) in &functions.left_alone {
        println!("{count} left alone: {reason}");
    }
    Ok(())
}

fn measure_folder(
    folder: &Path,
    attribute: &str,
    functions: &mut Functions,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            measure_folder(&path, attribute, functions)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut text = fs::read_to_string(&path)?;
            let file = syn::parse_file(&text).map_err(|e| format!("{}: {e}", path.display()))?;
            functions.visit_file(&file);
            functions.starts.sort_unstable();
            for start in functions.starts.drain(..).rev() {
                // On the same line, so that lines keep their numbers.
                text.insert_str(start, &format!("{attribute} "));
            }
            fs::write(&path, text)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Functions {
    /// Where those of the present file start, after their attributes.
    starts: Vec<usize>,
    measured: usize,
    left_alone: BTreeMap<&'static str, usize>,
}

impl Functions {
    /// Notes a function, with what stands between its attributes and its signature.
    fn function(&mut self, attributes: &[Attribute], before: TokenStream, signature: &Signature) {
        if let Some(reason) = why_not(attributes, signature) {
            *self.left_alone.entry(reason).or_default() += 1;
            return;
        }
        let first = before.into_iter().chain(signature.to_token_stream()).next();
        self.starts
            .extend(first.map(|first| first.span().byte_range().start));
        self.measured += 1;
    }

    /// Counts the functions that only a macro knows.
    fn in_tokens(&mut self, tokens: TokenStream) {
        let mut follows_fn = false;
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.in_tokens(group.stream()),
                TokenTree::Ident(ident) if ident == "fn" => {
                    follows_fn = true;
                    continue;
                }
                // A name, or the variable of a macro that stands for one.
                TokenTree::Ident(_) if follows_fn => self.in_macro(),
                TokenTree::Punct(mark) if follows_fn && mark.as_char() == '$' => self.in_macro(),
                _ => {}
            }
            follows_fn = false;
        }
    }

    fn in_macro(&mut self) {
        *self
            .left_alone
            .entry("in the tokens of a macro")
            .or_default() += 1;
    }
}

fn why_not(attributes: &[Attribute], signature: &Signature) -> Option<&'static str> {
    let is_exported = attributes.iter().any(|attribute| {
        let text = attribute.meta.to_token_stream().to_string();
        text.contains("no_mangle") || text.contains("export_name")
    });
    if signature.constness.is_some() {
        Some("`const fn`, which the macro refuses")
    } else if signature.abi.is_some() || is_exported {
        Some("called from other languages")
    } else {
        None
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, node: &'ast ItemFn) {
        self.function(&node.attrs, node.vis.to_token_stream(), &node.sig);
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast ImplItemFn) {
        let mut before = node.vis.to_token_stream();
        node.modifiers.defaultness.to_tokens(&mut before);
        self.function(&node.attrs, before, &node.sig);
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast TraitItemFn) {
        match &node.default {
            Some(_) => self.function(&node.attrs, TokenStream::new(), &node.sig),
            None => *self.left_alone.entry("without a body").or_default() += 1,
        }
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_macro(&mut self, node: &'ast Macro) {
        self.in_tokens(node.tokens.clone());
    }
}

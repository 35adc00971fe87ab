//! The `#[benchmark]` attribute: parse → check → expand, of a function that takes
//! at most one argument.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, FnArg, Ident, ItemFn, LitInt, Pat, Result};

use crate::arguments::{Library, parse_options, parse_value, unknown_option};

const KNOWN: &str =
    "`group`, `name`, `items`, `bytes`, `arguments`, `threads`, `fallible` and `crate`";

/// What stands in the parentheses, each at most once.
#[derive(Default)]
struct Options {
    group: Option<Expr>,
    name: Option<Expr>,
    items: Option<Expr>,
    bytes: Option<Expr>,
    /// What the function is called with, one benchmark for each.
    arguments: Option<Expr>,
    threads: Option<LitInt>,
    fallible: bool,
    library: Library,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        parse_options(input, Ident::parse_any, |option| {
            match option.to_string().as_str() {
                "group" => options.group = Some(parse_value(option, input)?),
                "name" => options.name = Some(parse_value(option, input)?),
                "items" => options.items = Some(parse_value(option, input)?),
                "bytes" => options.bytes = Some(parse_value(option, input)?),
                "arguments" => options.arguments = Some(parse_value(option, input)?),
                "threads" => options.threads = Some(parse_value(option, input)?),
                "fallible" => options.fallible = true,
                "crate" => options.library = Library(parse_value(option, input)?),
                _ => return Err(unknown_option(option, "benchmark", KNOWN)),
            }
            Ok(())
        })?;
        Ok(options)
    }
}

/// The function as it is, and beside it a module of the same name that adds it to
/// a bench program.
pub(crate) fn benchmark(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    let options: Options = syn::parse2(arguments)?;
    check(&function, &options)?;
    let (visibility, name) = (&function.vis, &function.sig.ident);
    let Library(krate) = &options.library;
    let add = addition(&function, &options);
    Ok(quote! {
        #function

        #[doc(hidden)]
        #[allow(unused_imports, non_snake_case)]
        #visibility mod #name {
            use super::*;

            /// Adds the function to a bench program.
            pub fn add(bench: &mut #krate::bench::Bench<'_>) {
                bench.package(::core::option_env!("CARGO_PKG_NAME"));
                #add
            }
        }
    })
}

fn check(function: &ItemFn, options: &Options) -> Result<()> {
    let signature = &function.sig;
    if let Some(asyncness) = signature.asyncness {
        let message = "an async function needs a runtime: add it with `Group::add_async`";
        return Err(Error::new(asyncness.span, message));
    }
    if let Some(generic) = signature.generics.params.first() {
        let message = "a generic function cannot be a benchmark: call it with its types from one";
        return Err(Error::new_spanned(generic, message));
    }
    if let Some(second) = signature.inputs.iter().nth(1) {
        let message = "a benchmark takes at most one argument: make it a tuple";
        return Err(Error::new_spanned(second, message));
    }
    match (signature.inputs.first(), &options.arguments) {
        (Some(input), None) => {
            let message = "what the function is called with is missing: `arguments = […]`";
            Err(Error::new_spanned(input, message))
        }
        (None, Some(arguments)) => {
            let message = "the function takes no argument";
            Err(Error::new_spanned(arguments, message))
        }
        _ => match (&options.threads, options.fallible) {
            (Some(threads), true) => {
                let message = "errors are not counted on several threads: leave out `fallible`";
                Err(Error::new_spanned(threads, message))
            }
            _ => Ok(()),
        },
    }
}

/// The statements that add the function.
fn addition(function: &ItemFn, options: &Options) -> TokenStream {
    let (Library(krate), name) = (&options.library, &function.sig.ident);
    let own_name = name.unraw().to_string();
    let group = match &options.group {
        Some(group) => quote!(#group),
        None => quote!(::core::env!("CARGO_CRATE_NAME")),
    };
    let shown = match &options.name {
        Some(shown) => quote!(#shown),
        None => quote!(#own_name),
    };
    let items = options.items.iter();
    let bytes = options.bytes.iter();
    let amounts = quote!(#(group.items(#items);)* #(group.bytes(#bytes);)*);
    let parameter = function.sig.inputs.first().map(parameter);
    let call = match &parameter {
        None => quote!(|| super::#name()),
        Some(parameter) => quote! {
            || super::#name(#krate::bench::black_box(::core::clone::Clone::clone(&#parameter)))
        },
    };
    let add = match (&options.threads, options.fallible) {
        (Some(threads), _) => quote!(group.add_threads(#shown, #threads, #call);),
        (None, true) => quote!(group.add_fallible(#shown, #call);),
        (None, false) => quote!(group.add(#shown, #call);),
    };
    match (&parameter, &options.arguments) {
        (Some(parameter), Some(arguments)) => {
            let named = parameter.unraw().to_string();
            quote! {
                for #parameter in #arguments {
                    bench.group(::std::format!("{}/{}", #group, #parameter), |group| {
                        group.parameter(#named, &#parameter);
                        #amounts
                        #add
                    });
                }
            }
        }
        _ => quote!(bench.group(#group, |group| { #amounts #add });),
    }
}

/// What the argument is called, so that amounts can speak of it.
fn parameter(input: &FnArg) -> Ident {
    match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pattern) => pattern.ident.clone(),
            _ => format_ident!("argument"),
        },
        FnArg::Receiver(_) => format_ident!("argument"),
    }
}

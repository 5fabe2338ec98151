// swift-format-ignore-file
// Written by RegistryTests under SLUICE_RECORD=1 from Docs/diagnostics; edit the pages there.

extension Explain {
  static let pages: [Int: String] = [
    1: ###"""
      # SL0001 duplicate-key

      A key stands twice in one map.

      ## Wrong

      ```yaml SL0001
      sluice: v1
      tiers:
        free: { models: [small] }
        free: {}
      ```

      ## Right

      ```yaml
      sluice: v1
      tiers:
        free: { models: [small] }
        premium: {}
      ```

      ## Why

      YAML readers disagree about such a map: most keep the last value and say nothing. A limit or a
      price that was overwritten by a copied line is found late and costs money, so Sluice refuses, and
      shows both places.

      """###,
    2: ###"""
      # SL0002 unknown-key

      A key that this section does not know.

      ## Wrong

      ```yaml SL0002
      sluice: v1
      routes:
        - name: rest
          too: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: rest
          to: fast
      ```

      ## Why

      A misspelt key that is ignored leaves its default in force, and nobody notices. Every key at every
      level is checked; the nearest known one is suggested and all that are allowed are listed.

      """###,
    3: ###"""
      # SL0003 yaml11-boolean

      A word that YAML 1.1 reads as a boolean.

      ## Wrong

      ```yaml SL0003
      sluice: v1
      identity:
        keys: keys.jsonl
        anonymous: off
      ```

      ## Right

      ```yaml
      sluice: v1
      identity:
        keys: keys.jsonl
        anonymous: false
      ```

      ## Why

      `on`, `off`, `yes`, `no`, `y` and `n` are text in YAML 1.2, which Sluice reads, and booleans in
      YAML 1.1, which Helm, Ansible and many CI tools read. The same file must mean the same to all of
      them. Where a boolean is wanted the finding is an error, elsewhere a warning: put the word in
      quotes.

      """###,
    4: ###"""
      # SL0004 ambiguous-number

      A number that others read as another number, or as text.

      ## Wrong

      ```yaml SL0004
      sluice: v1
      server:
        timeout: { head: 1:30 }
      ```

      ## Right

      ```yaml
      sluice: v1
      server:
        timeout: { head: 90s }
      ```

      ## Why

      In YAML 1.1 `1:30` is 90 (base 60), `017` is 15 (octal), `1_000` and `0b101` are numbers and
      `2024-01-01` is a date; in YAML 1.2 they are other numbers or text. A leading or trailing dot
      (`.5`, `5.`) is read by some and refused by others. Write the plain decimal number, or quotes if
      you mean the text.

      """###,
    5: ###"""
      # SL0005 duration-without-unit

      A duration without its unit.

      ## Wrong

      ```yaml SL0005
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 300 }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 300s }
      ```

      ## Why

      Some tools take a bare number for seconds, others for milliseconds. Sluice never guesses: write
      `ms`, `s`, `m`, `h` or `d`.

      """###,
    6: ###"""
      # SL0006 yaml-syntax

      The file is not well-formed YAML.

      ## Wrong

      ```yaml SL0006
      sluice: v1
      targets:
        fast: [small
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      YAML gives structure by indentation and brackets. The message names the habit that is most likely
      behind the mistake and shows where the structure began. What stands before the mistake is still
      checked.

      """###,
    7: ###"""
      # SL0007 tab-indentation

      A tab where YAML wants spaces.

      ## Wrong

      ```yaml SL0007
      sluice: v1
      targets:
      	fast: [small]
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      YAML forbids tabs in indentation, because their width is a matter of taste. Set your editor to
      insert spaces.

      """###,
    8: ###"""
      # SL0008 not-utf8

      The file is not UTF-8 text.

      ## Right

      ```yaml
      sluice: v1
      tiers:
        größe: {}
      ```

      ## Why

      Sluice reads UTF-8, with or without a byte order mark. Files saved as Latin-1, Windows-1252 or
      UTF-16 must be converted: `iconv -f WINDOWS-1252 -t UTF-8`.

      """###,
    9: ###"""
      # SL0009 control-character

      A control character, or an invisible line break.

      ## Right

      ```yaml
      sluice: v1
      tiers:
        free: {}
      ```

      ## Why

      NUL and other control characters are invisible in an editor and often mean that a file was damaged
      on its way. Only tab and the usual line breaks are allowed; U+0085, U+2028 and U+2029 are line
      breaks to some readers of YAML and text to others.

      """###,
    10: ###"""
      # SL0010 nesting-too-deep

      Lists and maps are nested too deep.

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      A policy needs fewer than ten levels; the reader stops at 64, because deeply nested brackets take
      the parser a time that grows with the square of their number.

      """###,
    11: ###"""
      # SL0011 aliases-too-large

      Aliases multiply the file beyond its bound.

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: &small [small]
        other: *small
      ```

      ## Why

      Each alias stands for a copy of what it names. A few lines of aliases of aliases can stand for
      billions of values (the *billion laughs*), so what they add is counted and bounded.

      """###,
    12: ###"""
      # SL0012 unknown-anchor

      An alias without its anchor.

      ## Wrong

      ```yaml SL0012
      sluice: v1
      targets:
        fast: *small
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: &small [small]
        other: *small
      ```

      ## Why

      `*name` repeats the value that `&name` marks further up in the same file. An anchor in another
      file cannot be named, nor can a value hold itself. A text that begins with `*` goes in quotes.

      """###,
    13: ###"""
      # SL0013 yaml-tag

      A YAML tag.

      ## Wrong

      ```yaml SL0013
      sluice: v1
      targets:
        fast: !!seq [small]
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      Tags such as `!!str` tell a reader which type to build. Sluice knows the type of every value from
      its place, and a tag could only contradict it.

      """###,
    14: ###"""
      # SL0014 several-documents

      A second document in one file.

      ## Wrong

      ```yaml SL0014
      sluice: v1
      targets:
        fast: [small]
      ---
      sluice: v1
      routes:
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      A file is one document, so that a place in it can be named by file and line alone. Policy may be
      split over as many files as you like: put what follows `---` in its own.

      """###,
    15: ###"""
      # SL0015 merge-key

      A merge key.

      ## Wrong

      ```yaml SL0015
      sluice: v1
      products:
        support: &common
          cache: { scope: product, ttl: 5m }
        pricing:
          <<: *common
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 5m }
        pricing:
          cache: { scope: product, ttl: 5m }
      ```

      ## Why

      `<<` belongs to YAML 1.1 and was dropped from 1.2; readers differ in what it overrides. Write the
      keys out, or let an alias stand for a whole value.

      """###,
    16: ###"""
      # SL0016 key-not-text

      A key that is no text.

      ## Wrong

      ```yaml SL0016
      sluice: v1
      tiers:
        ~: {}
      ```

      ## Right

      ```yaml
      sluice: v1
      tiers:
        none: {}
      ```

      ## Why

      Keys are names. A list, a map or nothing before the `:` is most often a slip of the indentation or
      a stray `?`.

      """###,
    17: ###"""
      # SL0017 expression-split

      YAML cut an expression apart.

      ## Wrong

      ```yaml SL0017
      sluice: v1
      routes:
        - { name: tools, when: headers["x-tools"] == "1", to: powerful }
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - { name: tools, when: 'headers["x-tools"] == "1"', to: powerful }
        - { name: rest, to: fast }
      ```

      ## Why

      Within `{}` and `[]` the signs `, [ ] { }` belong to YAML; everywhere `: ` and ` #` do; and a
      value must not begin with `! & * [ { " ' | > @ %` unless that is meant. An expression that holds
      them goes in quotes or in a `|-` block. The finding shows the whole value as it has to be written.

      """###,
    18: ###"""
      # SL0018 file-too-large

      A file that is too large.

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      One file holds at most 1 MiB. Policy may be split over files at will.

      """###,
    19: ###"""
      # SL0019 bundle-too-large

      A bundle that is too large.

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      A bundle holds at most 1,000 files and 16 MiB. More than that is most often the wrong folder.

      """###,
    20: ###"""
      # SL0020 wrong-extension

      A file that ends in `.yml`.

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      Only `*.yaml` is read, so that there is one answer to what belongs to a bundle. A `.yml` in its
      folder is probably policy that nobody would miss until it matters: rename it, or begin its name
      with a dot.

      """###,
    21: ###"""
      # SL0021 unreadable-file

      A file or folder that cannot be read.

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      The path does not exist, permission is missing, a link leads nowhere, or it is no plain file. A
      bundle that could be read only in part never replaces a whole one.

      """###,
    22: ###"""
      # SL0022 empty-bundle

      No policy in the bundle.

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      The folder holds no file that ends in `.yaml`. Names that begin with a dot are skipped.

      """###,
    23: ###"""
      # SL0023 missing-kind

      A file that does not say what it is.

      ## Wrong

      ```yaml SL0023
      targets:
        fast: [small]
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      The first key says the kind and version of a file: `sluice: v1` for policy, `sluice-test: v1`,
      `sluice-prices: v1` or `sluice-evidence: v1` for its companions. Without it a stray Helm value
      file would be taken for policy, or policy for something else.

      """###,
    24: ###"""
      # SL0024 unknown-kind

      A kind or version that this Sluice does not read.

      ## Wrong

      ```yaml SL0024
      sluice: v9
      targets:
        fast: [small]
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      A newer format may mean something else by the same keys, so it is refused rather than guessed at.

      """###,
    25: ###"""
      # SL0025 yaml-directive

      A YAML directive.

      ## Wrong

      ```yaml SL0025
      %YAML 1.1
      ---
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      `%YAML` asks for another version of YAML and `%TAG` for tags; Sluice reads YAML 1.2 and takes no
      tags.

      """###,
    101: ###"""
      # SL0101 unknown-reference

      A name that nothing declares.

      ## Wrong

      ```yaml SL0101
      sluice: v1
      routes:
        - name: rest
          to: fsat
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: rest
          to: fast
      ```

      ## Why

      Targets, models, upstreams, tiers and products are named in one place and used in others. The
      nearest declared name is suggested, and all are listed.

      """###,
    102: ###"""
      # SL0102 unused-definition

      A definition that nothing uses.

      ## Wrong

      ```yaml SL0102
      sluice: v1
      upstreams:
        sim: { api: simulated }
        spare: { api: simulated }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated }
      ```

      ## Why

      What nothing refers to is either left over or, worse, was meant to be used: a fallback that no
      target names protects nobody.

      """###,
    103: ###"""
      # SL0103 plaintext-secret

      A secret in plain text.

      ## Wrong

      ```yaml SL0103
      sluice: v1
      upstreams:
        sim: { api: openai, url: http://127.0.0.1:9999/v1, secret: sk-live-not-a-real-key-000000 }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: openai, url: http://127.0.0.1:9999/v1, secret: env:OPENAI_API_KEY }
      ```

      ## Why

      Policy files are committed, reviewed and copied to CI. A secret is named there and kept elsewhere:
      `env:NAME` or `file:PATH`. The value is not repeated in any finding; if it was ever committed,
      replace it.

      """###,
    104: ###"""
      # SL0104 missing-key

      A key that must be there.

      ## Wrong

      ```yaml SL0104
      sluice: v1
      routes:
        - name: rest
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: rest
          to: fast
      ```

      ## Why

      Some things have no safe default: where a route leads, which upstream serves a model, how fast a
      limit is.

      """###,
    105: ###"""
      # SL0105 wrong-type

      A value of the wrong type.

      ## Wrong

      ```yaml SL0105
      sluice: v1
      targets:
        fast: small
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      Each key has one type. The message says what is expected there and what was found.

      """###,
    106: ###"""
      # SL0106 duplicate-name

      A name that is declared twice.

      ## Wrong

      ```yaml SL0106
      sluice: v1
      routes:
        - name: rest
          when: user.tier == "premium"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      Names appear in metrics, in trails and in state that outlives a reload, so each must mean one
      thing, over all files of the bundle. The finding shows both places.

      """###,
    107: ###"""
      # SL0107 quantity-without-unit

      A quantity without its unit.

      ## Wrong

      ```yaml SL0107
      sluice: v1
      limits:
        global: { rate: 5000 }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        global: { rate: 5000/m }
      ```

      ## Why

      Rates say per what (`100/m`), sizes in what (`10MiB`), prices per how much (`$0.50/M`). A number
      alone has been a hundred times too large before.

      """###,
    108: ###"""
      # SL0108 bad-quantity

      A quantity that cannot be read.

      ## Wrong

      ```yaml SL0108
      sluice: v1
      limits:
        global: { rate: 5000/fortnight }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        global: { rate: 5000/h }
      ```

      ## Why

      Durations: `500ms`, `30s`, `5m`, `6h`, `7d`. Rates: `100/s`, `100/m`, `100/h`. Money: `$0.50`.
      Prices: `$0.50/M`, for a million tokens. Bytes: `10MiB`, `10MB`. Counts: `16k` is 16,000, `16Ki`
      is 16,384. Ratios: `80%`.

      """###,
    109: ###"""
      # SL0109 out-of-range

      A value out of its range.

      ## Wrong

      ```yaml SL0109
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        trial: { split: { powerful: 120%, fast: 0% }, by: user.id }
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        trial: { split: { powerful: 20%, fast: 80% }, by: user.id }
      ```

      ## Why

      The message names the range. Zero is a value, not *unset*: where zero would switch something off,
      there is a word for it.

      """###,
    110: ###"""
      # SL0110 empty-condition

      A condition that is empty.

      ## Wrong

      ```yaml SL0110
      sluice: v1
      routes:
        - name: rest
          when:
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: rest
          to: fast
      ```

      ## Why

      An empty condition may have been meant to hold always or never. To hold always, leave the key out.

      """###,
    111: ###"""
      # SL0111 unknown-value

      A value that is none of the known ones.

      ## Wrong

      ```yaml SL0111
      sluice: v1
      products:
        support:
          cache: { scope: produkt, ttl: 5m }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 5m }
      ```

      ## Why

      Where only certain words are allowed, the message lists them.

      """###,
    112: ###"""
      # SL0112 conflicting-keys

      Two keys that exclude each other.

      ## Wrong

      ```yaml SL0112
      sluice: v1
      limits:
        global: { rate: 5000/m, concurrent: 100 }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        global: { rate: 5000/m }
        in-flight: { concurrent: 100 }
      ```

      ## Why

      Each of them says how the thing works; together they do not say which of the two holds.

      """###,
    113: ###"""
      # SL0113 indirection-misplaced

      `env:` or `file:` where it is not looked up.

      ## Wrong

      ```yaml SL0113
      sluice: v1
      server:
        listen: [env:LISTEN]
      ```

      ## Right

      ```yaml
      sluice: v1
      server:
        listen: [127.0.0.1:8080]
      ```

      ## Why

      Only a `url` and a `secret` may stand outside the files. Everything else is policy: what was
      reviewed is what runs. Flags override addresses.

      """###,
    114: ###"""
      # SL0114 indirection-unresolved

      An `env:` or `file:` that does not lead to a value.

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: openai, url: http://127.0.0.1:9999/v1, secret: env:OPENAI_API_KEY }
      ```

      ## Why

      Such values are looked up when a policy is about to be served, not when it is checked: lint needs
      no secret. If one is missing, the start or the reload is refused, and the running policy stays.

      """###,
    115: ###"""
      # SL0115 anonymous-exposed

      Anonymous use on an address that others can reach.

      ## Wrong

      ```yaml SL0115
      sluice: v1
      server:
        listen: [0.0.0.0:8080]
      identity:
        anonymous: true
      ```

      ## Right

      ```yaml
      sluice: v1
      server:
        listen: [127.0.0.1:8080]
      identity:
        anonymous: true
      ```

      ## Why

      Whoever reaches the listener spends your money. Without keys, Sluice listens on loopback only; a
      flag that changes the address is checked in the same way.

      """###,
    116: ###"""
      # SL0116 headers-trusted-from-everywhere

      Identity headers are trusted from everywhere.

      ## Wrong

      ```yaml SL0116
      sluice: v1
      identity:
        keys: keys.jsonl
        headers: { trust_from: [0.0.0.0/0], accept: [user, tier] }
      ```

      ## Right

      ```yaml
      sluice: v1
      identity:
        keys: keys.jsonl
        headers: { trust_from: [10.0.0.0/8], accept: [user, tier] }
      ```

      ## Why

      `X-Sluice-User` and `X-Sluice-Tier` say who pays. Trusted from every network, any client could
      call itself `premium`, or somebody else. Name the networks of your own proxies.

      """###,
    117: ###"""
      # SL0117 section-in-several-files

      A section that stands in two files.

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: rest
          to: fast
      ```

      ## Why

      The order of routes matters and there is one server, so `routes` and `server` each stand in one
      file. All other sections may be split; their names merge.

      """###,
    118: ###"""
      # SL0118 bad-address

      An address that cannot be listened on.

      ## Wrong

      ```yaml SL0118
      sluice: v1
      server:
        listen: [localhost]
      ```

      ## Right

      ```yaml
      sluice: v1
      server:
        listen: [127.0.0.1:8080]
      ```

      ## Why

      An address is an IP address and a port. IPv6 goes in brackets and in quotes: `"[::1]:8080"`.

      """###,
    119: ###"""
      # SL0119 bad-url

      A URL that cannot be used.

      ## Wrong

      ```yaml SL0119
      sluice: v1
      upstreams:
        sim: { api: openai, url: example.com/v1 }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: openai, url: http://127.0.0.1:9999/v1 }
      ```

      ## Why

      A URL begins with `http://` or `https://` and holds a host; it carries no user, password, query or
      fragment.

      """###,
    120: ###"""
      # SL0120 bad-network

      A network that cannot be read.

      ## Wrong

      ```yaml SL0120
      sluice: v1
      identity:
        keys: keys.jsonl
        headers: { trust_from: [10.0.0.0/40], accept: [user] }
      ```

      ## Right

      ```yaml
      sluice: v1
      identity:
        keys: keys.jsonl
        headers: { trust_from: [10.0.0.0/8], accept: [user] }
      ```

      ## Why

      A network is an address and a prefix length: `10.0.0.0/8`, `fd00::/8`. Bits behind the prefix must
      be zero, so that what is written is what is meant.

      """###,
    121: ###"""
      # SL0121 bad-name

      A name that cannot be used.

      ## Wrong

      ```yaml SL0121
      sluice: v1
      targets:
        fast: [small]
        auto: [small]
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
        automatic: [small]
      ```

      ## Why

      Some names have a meaning of their own (`auto`, `requested`), and names appear in metrics, headers
      and paths: letters, digits, `-`, `_`, `.` and `/`.

      """###,
    201: ###"""
      # SL0201 unreachable-route

      A route that can never be chosen.

      ## Wrong

      ```yaml SL0201
      sluice: v1
      routes:
        - name: rest
          to: fast
        - name: paying
          when: user.tier == "premium"
          to: powerful
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      Routes are tried in order and the first that matches wins. A route behind one without a condition
      is never reached, and neither is one whose every request an earlier one takes.

      """###,
    202: ###"""
      # SL0202 no-default-route

      Some requests match no route.

      ## Wrong

      ```yaml SL0202
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium"
          to: powerful
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      What no route matches is answered 404 `no_route`. End the list with a route that has no condition.

      """###,
    203: ###"""
      # SL0203 target-cycle

      A target that leads back to itself.

      ## Wrong

      ```yaml SL0203
      sluice: v1
      targets:
        fast: [small]
        first: { split: { second: 50%, fast: 50% }, by: user.id }
        second: { split: { first: 50%, fast: 50% }, by: user.id }
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        first: { split: { powerful: 50%, fast: 50% }, by: user.id }
      ```

      ## Why

      A split chooses among other targets. In a circle, a request could be passed on for ever.

      """###,
    205: ###"""
      # SL0205 split-shares

      Shares that do not add up to 100 %.

      ## Wrong

      ```yaml SL0205
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        trial: { split: { powerful: 90%, fast: 5% }, by: user.id }
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        trial: { split: { powerful: 95%, fast: 5% }, by: user.id }
      ```

      ## Why

      What is missing from 100 % would have to go somewhere, and what is above it would silently shrink
      every share.

      """###,
    206: ###"""
      # SL0206 empty-target

      A target without a model.

      ## Wrong

      ```yaml SL0206
      sluice: v1
      targets:
        fast: []
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
      ```

      ## Why

      A target is an ordered list of models; the first that can serve does. With none, every request to
      it would fail.

      """###,
    301: ###"""
      # SL0301 semantic-threshold-low

      A similarity threshold that lets wrong answers through.

      ## Wrong

      ```yaml SL0301
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 6h, semantic: { threshold: 0.75 } }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 6h, semantic: { threshold: 0.95 } }
      ```

      ## Why

      Questions that differ in a year or a name are often more than 0.90 alike, and have other answers.
      Below 0.90 there is a warning, below 0.80 an error. Measure on your own traffic before you lower
      it.

      """###,
    302: ###"""
      # SL0302 ttl-longer-than-volatility

      Answers are kept longer than they stay right.

      ## Wrong

      ```yaml SL0302
      sluice: v1
      products:
        pricing:
          volatility: 10m
          cache: { scope: product, ttl: 6h }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        pricing:
          volatility: 10m
          cache: { scope: product, ttl: 5m }
      ```

      ## Why

      `volatility` says how soon an answer of this product may become wrong; `ttl` plus `stale_if_error`
      says how old an answer may be when it is given. Answers that outlived a price change by six hours
      are the incident behind this check.

      """###,
    305: ###"""
      # SL0305 cache-scope-unusable

      A cache scope that cannot work.

      ## Wrong

      ```yaml SL0305
      sluice: v1
      identity:
        anonymous: { tier: free, products: [support] }
      products:
        support:
          cache: { scope: tenant, ttl: 5m }
      ```

      ## Right

      ```yaml
      sluice: v1
      identity:
        anonymous: { tier: free, products: [support] }
      products:
        support:
          cache: { scope: product, ttl: 5m }
      ```

      ## Why

      A scope names what must be equal for an answer to be shared: `user`, `tenant` or `product`. Where
      nobody has the thing it names, nothing would ever be shared, or everything.

      """###,
    401: ###"""
      # SL0401 limit-never-reached

      A limit that another one keeps from being reached.

      ## Wrong

      ```yaml SL0401
      sluice: v1
      limits:
        per-user: { key: user.id, rate: 200/m }
        global: { rate: 100/m }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        per-user: { key: user.id, rate: 200/m }
        global: { rate: 5000/m }
      ```

      ## Why

      All limits that apply must admit a request. Where the limit over everybody is narrower than the
      one of a single user, the second has no effect, and one user can use up what is there for all.

      """###,
    402: ###"""
      # SL0402 price-missing

      A model without a price.

      ## Wrong

      ```yaml SL0402
      sluice: v1
      models:
        small: { upstream: sim, context: 16k, max_output: 4k }
        large: { upstream: sim, context: 128k, max_output: 4k, price: { input: $10/M, output: $30/M } }
      ```

      ## Right

      ```yaml
      sluice: v1
      models:
        small: { upstream: sim, context: 16k, max_output: 4k, price: { input: $0.50/M, output: $1.50/M } }
        large: { upstream: sim, context: 128k, max_output: 4k, price: { input: $10/M, output: $30/M } }
      ```

      ## Why

      What has no price counts as nothing: the metrics would show a bill that is too small. A model that is
      free says `price: free`. Where a budget has to count the model it is an error, SL0407.

      """###,
    405: ###"""
      # SL0405 tiers-without-key

      Tiers without a key.

      ## Wrong

      ```yaml SL0405
      sluice: v1
      limits:
        global: { rate: 5000/m, tiers: { premium: 9000/m } }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        per-user: { key: user.id, rate: 100/m, tiers: { premium: 200/m } }
      ```

      ## Why

      A limit or budget without a `key` has one count for everybody. Two values for one count contradict
      each other: a free user could use up what was set aside for the premium ones.

      """###,
    406: ###"""
      # SL0406 prices-overlap

      Two prices of one model that hold from the same day.

      ## Wrong

      ```yaml SL0406
      sluice: v1
      models:
        small: { upstream: sim, context: 16k, max_output: 4k, price: { input: $0.50/M, output: $1.50/M } }
        large:
          upstream: sim
          context: 128k
          max_output: 4k
          price:
            - { input: $10/M, output: $30/M }
            - { from: 2026-07-01, input: $8/M, output: $24/M }
            - { from: 2026-07-01, input: $6/M, output: $18/M }
      ```

      ## Right

      ```yaml
      sluice: v1
      models:
        small: { upstream: sim, context: 16k, max_output: 4k, price: { input: $0.50/M, output: $1.50/M } }
        large:
          upstream: sim
          context: 128k
          max_output: 4k
          price:
            - { input: $10/M, output: $30/M }
            - { from: 2026-07-01, input: $8/M, output: $24/M }
            - { from: 2026-10-01, input: $6/M, output: $18/M }
      ```

      ## Why

      A price holds from its day until the next one begins, so that at any time exactly one is in force.
      Of two with the same day, or of two without one, nobody could say which.

      """###,
    407: ###"""
      # SL0407 unpriced-behind-budget

      A model without a price that a route can reach while a budget has to count it.

      ## Wrong

      ```yaml SL0407
      sluice: v1
      models:
        small: { upstream: sim, context: 16k, max_output: 4k }
        large: { upstream: sim, context: 128k, max_output: 4k, price: { input: $10/M, output: $30/M } }
      budgets:
        company: { per: day, limit: $1000, on_exceed: [cache_only] }
      ```

      ## Right

      ```yaml
      sluice: v1
      models:
        small: { upstream: sim, context: 16k, max_output: 4k, price: free }
        large: { upstream: sim, context: 128k, max_output: 4k, price: { input: $10/M, output: $30/M } }
      budgets:
        company: { per: day, limit: $1000, on_exceed: [cache_only] }
      ```

      ## Why

      What has no price would count as nothing, so that the budget could never end it, however much it
      costs. The finding names the routes that lead to the model, as a candidate, as a fallback or by what
      the client names, and the budgets that fall back to it. Give it a price, in the policy or in a file
      of prices, or say `price: free` if it costs nothing.

      """###,
    408: ###"""
      # SL0408 price-in-two-places

      A model that is priced in two places.

      ## Wrong

      The models of the policy have their own prices.

      ```yaml SL0408
      sluice-prices: v1
      models:
        small: { input: $0.50/M, output: $1.50/M }
      ```

      ## Right

      ```yaml
      sluice: v1
      models:
        small: { upstream: sim, context: 16k, max_output: 4k, price: { input: $0.50/M, output: $1.50/M } }
        large: { upstream: sim, context: 128k, max_output: 4k, price: { input: $10/M, output: $30/M } }
      ```

      ## Why

      A price in the policy and another in a file of prices, or in two such files, would leave it to an
      order of files which of them is paid. So neither wins: a model has its prices in one place. Those of
      other days stand beside each other in a list.

      """###,
    410: ###"""
      # SL0410 budget-key-too-late

      A budget is read before its key is known.

      ## Wrong

      ```yaml SL0410
      sluice: v1
      budgets:
        by-model: { per: day, key: model.name, limit: $10 }
      routes:
        - when: budget("by-model").remaining > usd("1")
          to: fast
      targets:
        fast: [small]
      models:
        small: { upstream: main, context: 16k, max_output: 4k, price: free }
      upstreams:
        main: { api: simulated }
      identity: { anonymous: true }
      ```

      ## Right

      ```yaml
      sluice: v1
      budgets:
        by-user: { per: day, key: user.id, limit: $10 }
      routes:
        - when: budget("by-user").remaining > usd("1")
          to: fast
      targets:
        fast: [small]
      models:
        small: { upstream: main, context: 16k, max_output: 4k, price: free }
      upstreams:
        main: { api: simulated }
      identity: { anonymous: true }
      ```

      ## Why

      `budget(name).remaining` is what is left for whoever asks, so the budget's key must have a value where it
      is read. A route is chosen before there is a candidate; a budget by `model.name` has no account then.

      """###,
    601: ###"""
      # SL0601 wrong-phase

      A variable that does not exist yet.

      ## Wrong

      ```yaml SL0601
      sluice: v1
      routes:
        - name: rest
          when: route == "rest"
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: rest
          to: fast
      ```

      ## Why

      An exchange passes through phases: `request`, `routed`, `settled`. What is known grows from one to
      the next, and an expression may use only what is there when it is evaluated. The finding lists
      that.

      """###,
    602: ###"""
      # SL0602 constant-condition

      A condition that is always true, or never.

      ## Wrong

      ```yaml SL0602
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium" && user.tier == "free"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      Such a condition decides nothing. Mostly an `&&` was meant as `||`, or a name is misspelt.

      """###,
    603: ###"""
      # SL0603 expression-syntax

      An expression that cannot be read.

      ## Wrong

      ```yaml SL0603
      sluice: v1
      routes:
        - name: long
          when: size(prompt.text > 800
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: long
          when: size(prompt.text) > 800
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      Conditions and keys are CEL, the Common Expression Language: `==`, `&&`, `||`, `!`, `in`, `a ? b :
      c`, functions and methods. Text goes in quotes.

      """###,
    604: ###"""
      # SL0604 unknown-variable

      A variable that does not exist.

      ## Wrong

      ```yaml SL0604
      sluice: v1
      routes:
        - name: paying
          when: user.teir == "premium"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      All variables are declared, with their types and phases, so a misspelt one is found before
      anything runs. A word that is meant as text goes in quotes.

      """###,
    605: ###"""
      # SL0605 type-mismatch

      An expression of the wrong type.

      ## Wrong

      ```yaml SL0605
      sluice: v1
      routes:
        - name: long
          when: size(prompt.text)
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: long
          when: size(prompt.text) > 800
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      A condition must be true or false, a key must be text. CEL converts nothing by itself.

      """###,
    606: ###"""
      # SL0606 no-overload

      An operator or function that does not take these types.

      ## Wrong

      ```yaml SL0606
      sluice: v1
      routes:
        - name: long
          when: size(prompt.text) > "800"
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: long
          when: size(prompt.text) > 800
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      CEL compares numbers with numbers and text with text. `int(…)`, `double(…)` and `string(…)`
      convert.

      """###,
    607: ###"""
      # SL0607 constant-error

      A part of an expression that always fails.

      ## Wrong

      ```yaml SL0607
      sluice: v1
      routes:
        - name: code
          when: prompt.text.matches("(def")
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: code
          when: prompt.text.matches("def ")
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      Patterns, divisions by a constant and other parts that do not depend on the request are tried at
      compile time. Patterns are RE2: no look-around, no back-references, and no pattern that takes for
      ever.

      """###,
    608: ###"""
      # SL0608 unknown-function

      A function that does not exist.

      ## Wrong

      ```yaml SL0608
      sluice: v1
      routes:
        - name: code
          when: prompt.text.contain("def ")
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: code
          when: prompt.text.contains("def ")
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      There are the functions of CEL and a few of Sluice. None of them reads a clock, draws a random
      number or talks to anything: a recorded request must lead to the same decision again.

      """###,
    609: ###"""
      # SL0609 expression-too-large

      An expression that is too large.

      ## Right

      ```yaml
      sluice: v1
      features:
        has_code: prompt.text.contains("def ")
      routes:
        - name: code
          when: features.has_code
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      An expression has at most 4 KiB, 64 levels, 512 parts and 2 loops inside one another, so that it can
      be read, and what it may cost at run time is bounded.
      Name parts of it under `features`: they are computed once an exchange, and only if something asks.

      """###,
    610: ###"""
      # SL0610 feature-cycle

      Features that use one another in a circle.

      ## Wrong

      ```yaml SL0610
      sluice: v1
      features:
        is_hard: features.is_long || prompt.text.contains("def ")
        is_long: features.is_hard && size(prompt.text) > 800
      routes:
        - name: hard
          when: features.is_hard
          to: powerful
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      features:
        is_hard: features.is_long || prompt.text.contains("def ")
        is_long: size(prompt.text) > 800
      routes:
        - name: hard
          when: features.is_hard
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      A feature may use others, and is computed after them. In a circle none could be computed first. The
      message shows the circle.

      """###,
    611: ###"""
      # SL0611 expression-too-costly

      An expression that may cost too much for one request.

      ## Wrong

      ```yaml SL0611
      sluice: v1
      features:
        repeats: |-
          prompt.text.split(" ").exists(w, prompt.text.contains(w + " " + w))
      routes:
        - name: rest
          to: fast
      ```

      ## Right

      ```yaml
      sluice: v1
      features:
        repeats: |-
          ["the the", "a a", "of of"].exists(w, prompt.text.contains(w))
      routes:
        - name: rest
          to: fast
      ```

      ## Why

      Expressions run on the loop that serves all other requests too, so what one may cost at worst is
      bounded before it runs: 64 million units, a unit being a step or the reading of 16 bytes. Loops are
      multiplied out, and texts are taken as long as a request may make them (a prompt: 10 MiB). The message
      names the parts that cost most. [expressions](../expressions.md) tells the cost of every function.

      """###,
    901: ###"""
      # SL0901 not-served-yet

      A feature that this version does not serve.

      ## Wrong

      ```yaml SL0901
      sluice: v1
      products:
        support: { cache: { scope: product, ttl: 6h, semantic: { threshold: 0.95 } } }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        support: { cache: { scope: product, ttl: 6h } }
      ```

      ## Why

      The language is larger than what this version runs. Such a section is read and checked, and then
      refused: serving without it would not do what the policy says.

      """###,
  ]
}

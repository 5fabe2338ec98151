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
    26: ###"""
      # SL0026 bad-allow

      A `sluice:allow` comment without a code or without a reason.

      ## Wrong

      ```yaml SL0026
      sluice: v1
      upstreams:
        sim: { api: simulated }
        spare: { api: simulated }  # sluice:allow SL0102
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated }
        spare: { api: simulated }  # sluice:allow SL0102 "taken into service in March"
      ```

      ## Why

      A comment that silences a finding names its code and says why, so that whoever reads it next year knows
      whether it still holds.

      """###,
    27: ###"""
      # SL0027 unused-allow

      A `sluice:allow` comment that silences nothing.

      ## Wrong

      ```yaml SL0027
      sluice: v1
      upstreams:
        sim: { api: simulated }  # sluice:allow SL0102 "taken into service in March"
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated }
        spare: { api: simulated }  # sluice:allow SL0102 "taken into service in March"
      ```

      ## Why

      What it silenced has gone, or stands on another line. A comment at the end of a line is about that line,
      one on a line of its own about the next. Left behind, it would hide the next finding there.

      """###,
    28: ###"""
      # SL0028 allow-of-error

      A `sluice:allow` comment on an error.

      ## Wrong

      ```yaml SL0028 SL0201
      sluice: v1
      routes:
        - { name: rest, to: fast }
        - { name: late, to: fast }  # sluice:allow SL0201 "for later"
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - { name: rest, to: fast }
      ```

      ## Why

      An error keeps a policy from being served: there is nothing behind it that could be meant. Comments
      silence warnings and notes.

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
    122: ###"""
      # SL0122 plaintext-upstream

      A secret that is sent to another machine without TLS.

      ## Wrong

      ```yaml SL0122
      sluice: v1
      upstreams:
        sim: { api: openai, url: http://models.example/v1, secret: env:KEY }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: openai, url: https://models.example/v1, secret: env:KEY }
      ```

      ## Why

      Over `http://` whoever is on the way reads the key and all prompts. Loopback addresses and upstreams
      without a `secret` are left alone.

      """###,
    123: ###"""
      # SL0123 tier-without-effect

      A tier that gets the same as another from every part of the policy.

      ## Wrong

      ```yaml SL0123
      sluice: v1
      tiers:
        free: {}
        premium: {}
      routes:
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      tiers:
        free: { models: [small] }
        premium: {}
      routes:
        - { name: rest, to: fast }
      ```

      ## Why

      Somebody pays for the higher tier. If its models, its limits and its budgets are those of another one
      and no condition asks for it, they pay for a word.

      """###,
    124: ###"""
      # SL0124 unused-target

      A target that nothing leads to.

      ## Wrong

      ```yaml SL0124
      sluice: v1
      targets:
        fast: [small]
        powerful: [large, small]
      routes:
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
        powerful: [large, small]
      routes:
        - { name: streams, when: request.stream, to: powerful }
        - { name: rest, to: fast }
      ```

      ## Why

      A target is reached by a route, a share of a split, a budget's `on_exceed`, or by a client that names
      it, which counts only where a route says `to: requested`. A name that begins with `_` says that it
      is meant so.

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
    204: ###"""
      # SL0204 fallback-loses-capability

      A fallback that holds less than the model it stands in for. Off unless selected.

      ## Wrong

      ```yaml SL0204
      sluice: v1
      targets:
        powerful: [large, small]
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        powerful: [large]
        fast: [small, large]
      ```

      ## Why

      A candidate whose context is too small is skipped, so that long prompts fail exactly when the first
      candidate does. Cheap fallbacks are often meant so, hence the rule is off until it is selected.

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
    207: ###"""
      # SL0207 reach-undecided

      A condition of too many cases to say which requests it takes.

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: paying
          match: { user.tier: [free, premium], request.stream: true }
          to: powerful
        - name: rest
          to: fast
      ```

      ## Why

      Conditions are sets of requests, and the check subtracts them from one another. A condition that
      multiplies out to more than 256 cases is left alone: it is served as it stands, but nobody says
      whether another route takes everything before it. Several routes, or a list in `match`, say the same
      in fewer cases.

      """###,
    208: ###"""
      # SL0208 shared-upstream

      A target whose candidates share one upstream. Off unless selected.

      ## Wrong

      ```yaml SL0208
      sluice: v1
      targets:
        powerful: [large, small]
      routes:
        - { name: rest, to: powerful }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated }
        spare: { api: simulated }
      models:
        small: { upstream: spare, context: 16k, max_output: 4k, price: free }
        large: { upstream: sim, context: 128k, max_output: 4k, price: free }
      targets:
        powerful: [large, small]
      routes:
        - { name: rest, to: powerful }
      ```

      ## Why

      Fallback helps against one model's troubles; an outage takes the whole service. Who has one supplier
      only needs no reminder in every run, hence the rule is off until it is selected.

      """###,
    209: ###"""
      # SL0209 unstable-split

      A split by something that changes from request to request.

      ## Wrong

      ```yaml SL0209
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        trial: { split: { fast: 95%, powerful: 5% }, by: prompt.text }
      routes:
        - { name: rest, to: trial }
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        trial: { split: { fast: 95%, powerful: 5% }, by: user.id }
      routes:
        - { name: rest, to: trial }
      ```

      ## Why

      A canary compares people who see the new with people who see the old. By the prompt or the time,
      everybody sees both by turns, and what was measured says nothing; by a constant, all are on one side.

      """###,
    210: ###"""
      # SL0210 tier-cannot-reach

      A route that leads a tier to models it may not reach.

      ## Wrong

      ```yaml SL0210
      sluice: v1
      tiers:
        free: { models: [small] }
        premium: {}
      targets:
        fast: [small]
        powerful: [large]
      routes:
        - { name: streams, when: request.stream, to: powerful }
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      tiers:
        free: { models: [small] }
        premium: {}
      targets:
        fast: [small]
        powerful: [large]
      routes:
        - { name: streams, when: request.stream && user.tier != "free", to: powerful }
        - { name: rest, to: fast }
      ```

      ## Why

      A tier's list of models holds for every candidate. A route whose candidates are all outside it answers
      403 `model_not_allowed`, although another route might have served. The request in the note is one that
      is answered so.

      """###,
    211: ###"""
      # SL0211 split-of-one

      A split with one share.

      ## Wrong

      ```yaml SL0211
      sluice: v1
      targets:
        fast: [small]
        trial: { split: { fast: 100% }, by: user.id }
      routes:
        - { name: rest, to: trial }
      ```

      ## Right

      ```yaml
      sluice: v1
      targets:
        fast: [small]
        powerful: [large]
        trial: { split: { fast: 90%, powerful: 10% }, by: user.id }
      routes:
        - { name: rest, to: trial }
      ```

      ## Why

      All requests take the one share. Often the rest of an experiment: the share that was dropped took its
      percents along.

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

      `volatility` says how soon an answer of this product may become wrong; `ttl` plus the
      longer of `stale_if_error` and `stale_while_revalidate` says how old an answer may be when it is given. Answers that outlived a price change by six hours
      are the incident behind this check.

      """###,
    303: ###"""
      # SL0303 cache-scope-too-wide

      A cache that tenants share in a policy that tells tenants apart.

      ## Wrong

      ```yaml SL0303
      sluice: v1
      identity: { keys: keys.jsonl }
      products:
        support: { cache: { scope: product, ttl: 1h } }
      limits:
        per-tenant: { key: tenant, rate: 100/m }
      ```

      ## Right

      ```yaml
      sluice: v1
      identity: { keys: keys.jsonl }
      products:
        support: { cache: { scope: tenant, ttl: 1h } }
      limits:
        per-tenant: { key: tenant, rate: 100/m }
      ```

      ## Why

      With `scope: product` equal questions have equal answers, whoever asks. Where limits, routes or other
      caches know tenants, they are customers of their own, and what one asked should not come to another.
      Say `# sluice:allow SL0303 "…"` if the answers are the same for all.

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
    306: ###"""
      # SL0306 cache-key-changes

      A cache key that moves with the time.

      ## Wrong

      ```yaml SL0306
      sluice: v1
      products:
        support: { cache: { scope: product, ttl: 1h, key: string(now) } }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        support: { cache: { scope: product, ttl: 1h, key: user.tier } }
      ```

      ## Why

      Entries under a key that never comes again cannot be found; they fill the cache and push out others.
      `ttl` is what ends an answer.

      """###,
    310: ###"""
      # SL0310 embedder-serves-no-embeddings

      The semantic cache is to ask a model for vectors that makes none.

      ## Wrong

      ```yaml SL0310
      sluice: v1
      upstreams:
        openai: { api: openai, url: https://api.openai.com/v1, secret: env:OPENAI_API_KEY }
      models:
        small: { upstream: openai, context: 8k, max_output: 1k, price: free }
      products:
        support:
          cache: { scope: product, ttl: 6h, semantic: { threshold: 0.95, embedder: small } }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 6h }
      ```

      ## Why

      `embedder` names a declared model whose `serves` holds `embeddings`: it is asked at
      `/v1/embeddings`. Without it the encoder of the gateway's own machine is used, and no text leaves it.


      """###,
    311: ###"""
      # SL0311 encoder-missing

      A semantic cache on a machine that has no sentence encoder.

      ## Right

      ```yaml
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 6h, semantic: { threshold: 0.95 } }
      ```

      ## Why

      A semantic cache compares what questions mean, and a model on the gateway's own machine makes that of
      them. Without its files a start or a reload is refused: serving without it would not do what the policy
      says. `scripts/fetch-model`, which `make run` calls, fetches them; `SLUICE_DATA` names another folder.
      Lint warns only, since it may run elsewhere.

      """###,
    321: ###"""
      # SL0321 evidence-missing

      Nobody measured how often semantic hits of a product are wrong.

      ## Wrong

      ```yaml SL0321
      sluice: v1
      products:
        support:
          cache: { scope: product, ttl: 6h, semantic: { max_wrong: 1% } }
      ```

      ## Right

      With a file of evidence for `faq` in the bundle, by `sluice calibrate --output`:

      ```yaml
      sluice: v1
      products:
        faq:
          cache: { scope: product, ttl: 6h, semantic: { max_wrong: 1% } }
      ```

      ## Why

      Which score keeps to a share of wrong hits depends on what a product is asked. `max_wrong` without
      evidence is a promise that nobody looked into: a warning, and until it is measured a hit needs 0.95,
      which little passes. A `threshold` alone promises nothing: a note.

      """###,
    322: ###"""
      # SL0322 threshold-below-evidence

      A threshold below the lowest that evidence supports.

      ## Wrong

      The evidence for `faq` counts 2 wrong of 641 at 0.87, and 11 of 790 at 0.82.

      ```yaml SL0322
      sluice: v1
      products:
        faq:
          cache: { scope: product, ttl: 6h, semantic: { threshold: 0.82, max_wrong: 1% } }
      ```

      ## Right

      ```yaml
      sluice: v1
      products:
        faq:
          cache: { scope: product, ttl: 6h, semantic: { threshold: 0.90, max_wrong: 1% } }
      ```

      ## Why

      The lowest score that keeps to `max_wrong`, or to 1% where none is named, is computed from the counts
      in the file of evidence: bars are tested from strict to loose until the first whose one-sided 95 % bound
      by Clopper and Pearson lies above the share. With `max_wrong` a hit needs that score, whatever
      `threshold` says below it; without, the threshold stands, and so does this warning.

      """###,
    323: ###"""
      # SL0323 evidence-stale

      Evidence is old, or of another encoder or rule.

      ## Wrong

      ```yaml SL0323
      sluice-evidence: v1
      products:
        faq:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-02-01
          source: pairs
          points:
            - { bar: 0.90, accepted: 512, wrong: 0 }
      ```

      ## Right

      ```yaml
      sluice-evidence: v1
      products:
        faq:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-11-01
          source: pairs
          points:
            - { bar: 0.90, accepted: 512, wrong: 0 }
      ```

      ## Why

      Another encoder gives other scores, and another rule makes other hits of them: such counts say nothing,
      so a hit needs 0.95 until it is measured again. What people ask, and what is right to answer, changes
      too: after 90 days there is a warning, but the counts still count, so that no day changes what is
      served. The encoder is compared where one is installed; the one at hand names itself in the output of
      `sluice calibrate --format json`.

      """###,
    324: ###"""
      # SL0324 evidence-too-weak

      Evidence supports the allowed share at no bar: too few pairs, or too many of them wrong.

      ## Wrong

      ```yaml SL0324
      sluice-evidence: v1
      products:
        faq:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-11-01
          source: pairs
          points:
            - { bar: 0.90, accepted: 120, wrong: 0 }
      ```

      ## Right

      ```yaml
      sluice-evidence: v1
      products:
        faq:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-11-01
          source: pairs
          points:
            - { bar: 0.90, accepted: 299, wrong: 0 }
      ```

      ## Why

      That none of 120 is wrong does not exclude a share of 2.5 %: seeing none then has a chance of a
      twentieth. A bound of 1 % takes 299 accepted pairs with none wrong, 473 with one, 628 with two. Until
      there are so many, a hit needs 0.95.

      """###,
    325: ###"""
      # SL0325 evidence-unused

      Evidence for a product that has no semantic caching.

      ## Wrong

      ```yaml SL0325
      sluice-evidence: v1
      products:
        shop:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-11-01
          source: pairs
          points:
            - { bar: 0.90, accepted: 512, wrong: 0 }
      ```

      ## Right

      ```yaml
      sluice-evidence: v1
      products:
        faq:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-11-01
          source: pairs
          points:
            - { bar: 0.90, accepted: 512, wrong: 0 }
      ```

      ## Why

      A measurement that decides nothing is a name mixed up, or `semantic` forgotten under the product's
      `cache`.

      """###,
    326: ###"""
      # SL0326 evidence-impossible

      Counts that no measurement can give.

      ## Wrong

      ```yaml SL0326
      sluice-evidence: v1
      products:
        faq:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-11-01
          source: pairs
          points:
            - { bar: 0.95, accepted: 512, wrong: 3 }
            - { bar: 0.90, accepted: 512, wrong: 0 }
      ```

      ## Right

      ```yaml
      sluice-evidence: v1
      products:
        faq:
          encoder: "0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0"
          rule: 1
          measured: 2026-11-01
          source: pairs
          points:
            - { bar: 0.95, accepted: 301, wrong: 0 }
            - { bar: 0.90, accepted: 512, wrong: 0 }
      ```

      ## Why

      A lower bar accepts all that a higher one does, the wrong ones too, and no more can be wrong than was
      accepted. Counts that say otherwise were edited, or mixed from two measurements.

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
    403: ###"""
      # SL0403 kill-switch-above-budget

      A kill switch that fires above the budget.

      ## Wrong

      ```yaml SL0403
      sluice: v1
      budgets:
        company: { per: day, limit: $500 }
      kill_switches:
        runaway: { when: 'spend("1d") > usd("800")', do: deny }
      ```

      ## Right

      ```yaml
      sluice: v1
      budgets:
        company: { per: day, limit: $500 }
      kill_switches:
        runaway: { when: 'spend("1h") > usd("100")', do: deny }
      ```

      ## Why

      A kill switch is for money that goes faster than it should. One that waits for more than the budget of
      the same stretch of time gives out is hardly ever met.

      """###,
    404: ###"""
      # SL0404 token-limit-too-small

      A token limit smaller than one answer of the first candidates.

      ## Wrong

      ```yaml SL0404
      sluice: v1
      limits:
        tokens: { key: user.id, rate: 2k tokens/m }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        tokens: { key: user.id, rate: 20k tokens/m }
      ```

      ## Why

      Token limits admit a request by its input plus the longest answer it may have, which is the primary's
      `max_output` unless the client sends `max_tokens`. If that alone is more than the limit ever holds,
      every client that sends nothing is refused, at any hour.

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
    409: ###"""
      # SL0409 user-key-across-tenants

      A key by user alone where there are several tenants.

      ## Wrong

      ```yaml SL0409
      sluice: v1
      identity: { keys: keys.jsonl }
      limits:
        per-tenant: { key: tenant, rate: 1000/m }
        per-user: { key: user.id, rate: 100/m }
      ```

      ## Right

      ```yaml
      sluice: v1
      identity: { keys: keys.jsonl }
      limits:
        per-tenant: { key: tenant, rate: 1000/m }
        per-user: { key: tenant + "/" + user.id, rate: 100/m }
      ```

      ## Why

      A user is named within a tenant: `alice` of one customer is not `alice` of another. By `user.id` alone
      both share one count, and one can use up what the other pays for.

      """###,
    410: ###"""
      # SL0410 budget-key-too-late

      A budget is read before its key is known.

      ## Wrong

      ```yaml SL0410
      sluice: v1
      budgets:
        by-model: { per: day, key: model.name, limit: $10 }
      features:
        is_rich: budget("by-model").remaining > usd("1")
      ```

      ## Right

      ```yaml
      sluice: v1
      budgets:
        by-user: { per: day, key: user.id, limit: $10 }
      features:
        is_rich: budget("by-user").remaining > usd("1")
      ```

      ## Why

      `budget(name).remaining` is what is left for whoever asks, so the budget's key must have a value where it
      is read. A route is chosen before there is a candidate; a budget by `model.name` has no account then.

      """###,
    411: ###"""
      # SL0411 key-from-client

      A limit by something that clients choose.

      ## Wrong

      ```yaml SL0411
      sluice: v1
      limits:
        per-app: { key: 'headers["x-app"]', rate: 100/m }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        per-user: { key: user.id, rate: 100/m }
      ```

      ## Why

      Whoever sends a new value begins a new count, so such a limit holds back only those who behave. It also
      fills the table of counts.

      """###,
    412: ###"""
      # SL0412 limit-dominated

      A limit that another one with the same key makes idle.

      ## Wrong

      ```yaml SL0412
      sluice: v1
      limits:
        per-user: { key: user.id, rate: 100/m }
        spare: { key: user.id, rate: 200/m }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        per-user: { key: user.id, rate: 100/m }
        in-flight: { key: user.id, concurrent: 8 }
      ```

      ## Why

      Two limits of one key over one window come down to the narrower. The other costs a look-up with every
      request and misleads whoever reads it.

      """###,
    413: ###"""
      # SL0413 budget-never-reached

      A budget for one key that is larger than the budget of all.

      ## Wrong

      ```yaml SL0413
      sluice: v1
      budgets:
        user-day: { per: day, key: user.id, limit: $200 }
        company: { per: day, limit: $100 }
      ```

      ## Right

      ```yaml
      sluice: v1
      budgets:
        user-day: { per: day, key: user.id, limit: $2 }
        company: { per: day, limit: $100 }
      ```

      ## Why

      The budget of all ends first, so the one per key never holds anybody back: one user can spend what all
      were to share.

      """###,
    414: ###"""
      # SL0414 relief-never-tried

      A step of `on_exceed` that is never tried.

      ## Wrong

      ```yaml SL0414
      sluice: v1
      budgets:
        company: { per: day, limit: $100, on_exceed: [cache_only, clamp] }
      ```

      ## Right

      ```yaml
      sluice: v1
      budgets:
        company: { per: day, limit: $100, on_exceed: [clamp, cache_only] }
      ```

      ## Why

      The steps are tried in order. `cache_only` and `deny` always end the walk, so what stands behind them is
      never tried.

      """###,
    415: ###"""
      # SL0415 warning-too-late

      A budget that warns at 100%.

      ## Wrong

      ```yaml SL0415
      sluice: v1
      budgets:
        company: { per: day, limit: $100, warn_at: 100% }
      ```

      ## Right

      ```yaml
      sluice: v1
      budgets:
        company: { per: day, limit: $100, warn_at: 80% }
      ```

      ## Why

      A warning is for acting before requests are refused.

      """###,
    416: ###"""
      # SL0416 runway-too-short

      A budget whose money can be gone before its `min_runway`.

      ## Wrong

      ```yaml SL0416
      sluice: v1
      budgets:
        company: { per: day, limit: $1, min_runway: 1h }
      ```

      ## Right

      ```yaml
      sluice: v1
      limits:
        all: { rate: 1/m }
      budgets:
        company: { per: day, limit: $1000, min_runway: 1h }
      ```

      ## Why

      `min_runway` says how long a budget must last when everybody asks as fast as the limits allow. The bound
      is the one of `sluice cost`: the dearest request, all its tries, at the pace of the slowest limit that
      holds. A bot finds that pace in minutes.

      """###,
    417: ###"""
      # SL0417 budget-renamed

      A budget that starts from zero while money of another one, which is gone, is still counted.

      ## Wrong

      Told at start and at reload, not by lint: files alone do not know what was spent. With $40 spent today
      under `company`, this one begins at nothing:

      ```yaml
      sluice: v1
      budgets:
        firm: { per: day, limit: $100 }
      ```

      ## Right

      ```yaml
      sluice: v1
      budgets:
        company: { per: day, limit: $100 }
      ```

      ## Why

      The ledger finds what a budget has spent by its name, so that a reload cannot reset it. A new name is a
      new budget, and the day may cost twice its limit. `sluice diff` shows a budget that only has another
      name before it is shipped; period, zone, limit and `on_exceed` may change under the same name.

      """###,
    418: ###"""
      # SL0418 no-budget

      A policy that spends money at a service, and no budget that ends it.

      ## Wrong

      ```yaml SL0418
      sluice: v1
      upstreams:
        openai: { api: openai, url: "https://api.openai.com/v1", secret: env:OPENAI_API_KEY }
      models:
        small: { upstream: openai, context: 16k, max_output: 4k, price: { input: $0.50/M, output: $1.50/M } }
        large: { upstream: openai, context: 128k, max_output: 4k, price: { input: $10/M, output: $30/M } }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        openai: { api: openai, url: "https://api.openai.com/v1", secret: env:OPENAI_API_KEY }
      models:
        small: { upstream: openai, context: 16k, max_output: 4k, price: { input: $0.50/M, output: $1.50/M } }
        large: { upstream: openai, context: 128k, max_output: 4k, price: { input: $10/M, output: $30/M } }
      limits:
        all: { rate: 1000/m }
      budgets:
        company: { per: day, limit: $100 }
      ```

      ## Why

      Limits bound how many ask, not what it costs. A bot that stays below every limit drains a month's money
      in hours. Where nothing may ever be refused for money, allow the finding and say why; models that are
      simulated, free or without a price are not meant.

      """###,
    501: ###"""
      # SL0501 retries-exceed-deadline

      Retries that need more time than the request has.

      ## Wrong

      ```yaml SL0501
      sluice: v1
      server: { timeout: { request: 1m } }
      upstreams:
        sim:
          api: simulated
          timeout: { first_byte: 30s }
          retry: { attempts: 3, base: 1s }
      ```

      ## Right

      ```yaml
      sluice: v1
      server: { timeout: { request: 1m } }
      upstreams:
        sim:
          api: simulated
          timeout: { first_byte: 15s }
          retry: { attempts: 3, base: 1s }
      ```

      ## Why

      `server.timeout.request` ends the wait for the first byte, whatever goes on behind it. Tries that do not
      fit before it cost the upstream and help nobody. Counted are the waits between them at their longest.

      """###,
    502: ###"""
      # SL0502 breaker-never-opens

      A breaker that can never open.

      ## Wrong

      ```yaml SL0502
      sluice: v1
      upstreams:
        sim:
          api: simulated
          breaker: { ratio: 50%, min_calls: 500, window: 30s }
      limits:
        global: { rate: 60/m }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim:
          api: simulated
          breaker: { ratio: 50%, min_calls: 20, window: 30s }
      limits:
        global: { rate: 600/m }
      ```

      ## Why

      A breaker of ratio judges only when `min_calls` calls lie in its window. If the limits let fewer through,
      tries included, it stays closed whatever happens.

      """###,
    503: ###"""
      # SL0503 breaker-too-sensitive

      A breaker that ordinary error rates open.

      ## Wrong

      ```yaml SL0503
      sluice: v1
      upstreams:
        sim:
          api: simulated
          breaker: { consecutive: 1 }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim:
          api: simulated
          breaker: { consecutive: 5 }
      ```

      ## Why

      LLM services fail in one of a hundred calls on good days. A breaker that one failure opens, or a ratio
      below 5%, turns that into outages of `recovery` each.

      """###,
    504: ###"""
      # SL0504 last-candidate-too-late

      A candidate that has its turn after the request has ended.

      ## Wrong

      ```yaml SL0504
      sluice: v1
      server: { timeout: { request: 1m } }
      upstreams:
        sim:
          api: simulated
          timeout: { first_byte: 30s }
          retry: { attempts: 2, base: 1s }
      targets:
        fast: [small, large]
      ```

      ## Right

      ```yaml
      sluice: v1
      server: { timeout: { request: 1m } }
      upstreams:
        sim:
          api: simulated
          timeout: { first_byte: 10s }
          retry: { attempts: 2, base: 1s }
      targets:
        fast: [small, large]
      ```

      ## Why

      Fallback is for the day on which the first candidate hangs. If its tries alone use up the time that a
      request has, the next one is never asked on that day.

      """###,
    505: ###"""
      # SL0505 first-byte-too-late

      An attempt that may take as long as the request.

      ## Wrong

      ```yaml SL0505
      sluice: v1
      server: { timeout: { request: 30s } }
      upstreams:
        sim: { api: simulated, timeout: { first_byte: 30s } }
      ```

      ## Right

      ```yaml
      sluice: v1
      server: { timeout: { request: 30s } }
      upstreams:
        sim: { api: simulated, timeout: { first_byte: 8s }, retry: { attempts: 2, base: 1s } }
      ```

      ## Why

      An upstream that hangs is given up at `first_byte`. At or beyond `server.timeout.request` the client is
      sent away first, and neither a retry nor a fallback has its turn.

      """###,
    506: ###"""
      # SL0506 retry-amplification

      A request that can become many attempts.

      ## Wrong

      ```yaml SL0506
      sluice: v1
      upstreams:
        sim: { api: simulated, retry: { attempts: 5, base: 100ms } }
      targets:
        fast: [small, large]
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated, retry: { attempts: 2, base: 100ms } }
      targets:
        fast: [small, large]
      ```

      ## Why

      Retries add up over the candidates. More than eight attempts for one request is a storm in an outage,
      and up to so many bills for one answer.

      """###,
    507: ###"""
      # SL0507 retry-budget-unlimited

      A retry budget of 100%.

      ## Wrong

      ```yaml SL0507
      sluice: v1
      upstreams:
        sim: { api: simulated, retry: { attempts: 3, base: 1s, budget: 100% } }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated, retry: { attempts: 3, base: 1s, budget: 20% } }
      ```

      ## Why

      The budget is what keeps retries from being the outage: it bounds them to a share of first attempts. At
      100% every failed request comes again.

      """###,
    508: ###"""
      # SL0508 no-deadline

      An attempt that nothing ends.

      ## Wrong

      ```yaml SL0508
      sluice: v1
      upstreams:
        sim: { api: simulated, timeout: none }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated, timeout: { total: 10m } }
      ```

      ## Why

      A stream that stalls holds its place in every limit and its client's connection. `first_byte` and `idle`
      together, or `total`, see to it that each attempt ends.

      """###,
    509: ###"""
      # SL0509 health-check-too-slow

      A health check that is slower than the breaker.

      ## Wrong

      ```yaml SL0509
      sluice: v1
      upstreams:
        sim:
          api: simulated
          breaker: { consecutive: 5, recovery: 10s }
          health_check: { interval: 30s }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim:
          api: simulated
          breaker: { consecutive: 5, recovery: 60s }
          health_check: { interval: 10s }
      ```

      ## Why

      A health check is to find out before a request does. If the breaker lets probes through more often than
      the check asks, it is the clients who check.

      """###,
    510: ###"""
      # SL0510 retries-in-step

      Retries with next to no jitter.

      ## Wrong

      ```yaml SL0510
      sluice: v1
      upstreams:
        sim: { api: simulated, retry: { attempts: 3, base: 1s, jitter: 10ms } }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated, retry: { attempts: 3, base: 1s, jitter: full } }
      ```

      ## Why

      Requests that failed at one moment would all wait equally long and arrive as one burst. Jitter spreads
      them.

      """###,
    511: ###"""
      # SL0511 deadlines-out-of-order

      A deadline beyond the end of the attempt.

      ## Wrong

      ```yaml SL0511
      sluice: v1
      upstreams:
        sim: { api: simulated, timeout: { first_byte: 20s, total: 10s, idle: 5s } }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        sim: { api: simulated, timeout: { first_byte: 5s, total: 1m, idle: 5s } }
      ```

      ## Why

      `total` counts the whole attempt. A `first_byte` or `idle` beyond it says something that never happens;
      the two are likely exchanged.

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
    612: ###"""
      # SL0612 regex-unanchored

      A pattern on a name that is not tied to its ends.

      ## Wrong

      ```yaml SL0612
      sluice: v1
      routes:
        - name: staff
          when: user.id.matches("admin|ops")
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: staff
          when: user.id.matches("^(admin|ops)$")
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Why

      `matches` looks anywhere in the text, so that `not-admin` and `shops` match as well. For names, addresses
      and headers that decide what somebody may do, that is a hole.

      """###,
    613: ###"""
      # SL0613 header-may-be-absent

      A header that is compared by `!=` and may not be there.

      ## Wrong

      ```yaml SL0613
      sluice: v1
      routes:
        - name: others
          when: headers["x-app"] != "batch"
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: others
          when: '!("x-app" in headers) || headers["x-app"] != "batch"'
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Why

      `headers["x-app"]` has no value where the header was not sent, and a condition without a value does not
      match. That is as wanted for `==`; for `!=` it is mostly the opposite of what was meant.

      """###,
    614: ###"""
      # SL0614 case-never-matches

      A text in the wrong case for `lowerAscii` or `upperAscii`.

      ## Wrong

      ```yaml SL0614
      sluice: v1
      routes:
        - name: code
          when: prompt.text.lowerAscii().contains("Python")
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: code
          when: prompt.text.lowerAscii().contains("python")
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Why

      The text was made lower case so that both spellings match; with a capital letter in what is looked for,
      neither does.

      """###,
    615: ###"""
      # SL0615 repeated-term

      A term that stands twice in one `&&` or `||`.

      ## Wrong

      ```yaml SL0615
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium" || user.tier == "premium"
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: paying
          when: user.tier == "premium" || request.stream
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Why

      The second changes nothing, so something else was meant: a copied line whose name was not changed.

      """###,
    616: ###"""
      # SL0616 regex-is-plain

      A regular expression where a plain text would do.

      ## Wrong

      ```yaml SL0616
      sluice: v1
      routes:
        - name: drafts
          when: user.id.matches("^draft-")
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Right

      ```yaml
      sluice: v1
      routes:
        - name: drafts
          when: user.id.startsWith("draft-")
          to: powerful
        - { name: rest, to: fast }
      ```

      ## Why

      `startsWith`, `endsWith` and `contains` take a few nanoseconds, and `startsWith` is among the conditions
      that lint can subtract: a pattern is an unknown to it.

      """###,
    901: ###"""
      # SL0901 not-served-yet

      A feature that this version does not serve.

      ## Wrong

      ```yaml SL0901
      sluice: v1
      upstreams:
        claude: { api: anthropic, url: "https://api.anthropic.com/v1", secret: env:ANTHROPIC_API_KEY }
      ```

      ## Right

      ```yaml
      sluice: v1
      upstreams:
        claude: { api: openai, url: "https://api.anthropic.com/v1", secret: env:ANTHROPIC_API_KEY }
      ```

      ## Why

      The language is larger than what this version runs. Such a section is read and checked, and then
      refused: serving without it would not do what the policy says.

      """###,
  ]
}

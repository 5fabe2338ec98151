// The extension libraries of CEL, as its Go implementation names them.
extension StandardOverloads {
  static var formats: [String: [Overload]] {
    [
      "format": [member([.string, .list(.dyn)], .string)],
      "strings.quote": [call([.string], .string)],
      "base64.encode": [call([.bytes], .string)],
      "base64.decode": [call([.string], .bytes)],
    ]
  }

  static var numbers: [String: [Overload]] {
    let all: [CELType] = [.int, .uint, .double]
    func keeping(_ types: [CELType]) -> [Overload] { types.map { call([$0], $0) } }
    func pairs(_ second: CELType? = nil) -> [Overload] {
      [.int, .uint].map { call([$0, second ?? $0], $0) }
    }
    let rounding = [call([.double], .double)]
    let test = [call([.double], .bool)]
    return [
      "math.abs": keeping(all),
      "math.sign": keeping(all),
      "math.sqrt": all.map { call([$0], .double) },
      "math.ceil": rounding, "math.floor": rounding, "math.round": rounding,
      "math.trunc": rounding,
      "math.isNaN": test, "math.isInf": test, "math.isFinite": test,
      "math.bitAnd": pairs(), "math.bitOr": pairs(), "math.bitXor": pairs(),
      "math.bitNot": keeping([.int, .uint]),
      "math.bitShiftLeft": pairs(.int), "math.bitShiftRight": pairs(.int),
    ]
  }

  static var collections: [String: [Overload]] {
    let list = CELType.list(a)
    return [
      "slice": [member([list, .int, .int], list)],
      "flatten": [member([.list(.dyn)], .list(.dyn)), member([.list(.dyn), .int], .list(.dyn))],
      "distinct": [member([list], list)],
      "reverse": [member([list], list)],
      "sort": [member([list], list)],
      "first": [member([list], .optional(a))],
      "last": [member([list], .optional(a))],
      "lists.range": [call([.int], .list(.int))],
      "sets.contains": [call([list, list], .bool)],
      "sets.equivalent": [call([list, list], .bool)],
      "sets.intersects": [call([list, list], .bool)],
    ]
  }

  static var optionals: [String: [Overload]] {
    [
      "optional.of": [call([a], .optional(a))],
      "optional.ofNonZeroValue": [call([a], .optional(a))],
      "optional.none": [call([], .optional(a))],
      "optional.unwrap": [call([.list(.optional(a))], .list(a))],
      "unwrapOpt": [member([.list(.optional(a))], .list(a))],
      "value": [member([.optional(a)], a)],
      "hasValue": [member([.optional(a)], .bool)],
      "or": [member([.optional(a), .optional(a)], .optional(a))],
      "orValue": [member([.optional(a), a], a)],
    ]
  }

  static var addresses: [String: [Overload]] {
    let test = [member([.ip], .bool)]
    return [
      "ip": [call([.string], .ip), member([.cidr], .ip)],
      "cidr": [call([.string], .cidr)],
      "isIP": [call([.string], .bool)],
      "isCIDR": [call([.string], .bool)],
      "ip.isCanonical": [call([.string], .bool)],
      "family": [member([.ip], .int)],
      "isUnspecified": test, "isLoopback": test, "isGlobalUnicast": test,
      "isLinkLocalMulticast": test, "isLinkLocalUnicast": test,
      "containsIP": [member([.cidr, .ip], .bool), member([.cidr, .string], .bool)],
      "containsCIDR": [member([.cidr, .cidr], .bool), member([.cidr, .string], .bool)],
      "masked": [member([.cidr], .cidr)],
      "prefixLength": [member([.cidr], .int)],
    ]
  }
}

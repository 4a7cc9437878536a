"""What Lua in scripts finds: the language without what leaves it, and Cheat Engine's functions.

The text runs once in a new Lua, with everything at hand, and gives a function that runs a piece of
a script with nothing at hand but the table ``G``. What could run long without an instruction being
counted (patterns, repeated strings) is bounded by its size, and ``check`` is asked behind it.
"""

from __future__ import annotations

from typing import Final

from .lua_objects import OBJECTS

#: Instructions of Lua between two looks at the limits.
LOOK: Final = 1000
#: Steps that a pattern may take at most.
MAX_STEPS: Final = 100_000_000
#: Bytes of a string that is made by repeating one.
MAX_REPEATED: Final = 1 << 20

_LANGUAGE: Final = """
local call, look, max_steps, max_repeated, bits, process, pid, checking = ...
local pcall, error, type, tostring, select, pairs = pcall, error, type, tostring, select, pairs
local rawlen, rawget, setmetatable, getmetatable = rawlen, rawget, setmetatable, getmetatable
local load, sethook, unpack = load, debug.sethook, table.unpack
local string, floor = string, math.floor
local byte, char, sub, len = string.byte, string.char, string.sub, string.len
local spack, sunpack, gmatch = string.pack, string.unpack, string.gmatch
local upper, lower = string.upper, string.lower
local concat, format = table.concat, string.format

local spent  -- why it has to end
local function check()
  if spent == nil then
    local fine, why = pcall(call, "check")
    if not fine then
      spent = type(why) == "string" and "it takes too much stack" or "it was interrupted"
    elseif why then spent = why end
  end
  if spent ~= nil then error(spent, 0) end
end
local function outside(name, ...)  -- whose caller is in no tail call: an error has a line then
  local fine, value = call(name, ...)
  if not fine then error(value, 3) end
  return value
end
local function guarded(fine, ...)  -- a stack that overflows is many instructions' work
  if not fine or spent ~= nil then check() end
  return fine, ...
end

local G = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, rawequal = rawequal,
  rawget = rawget, rawlen = rawlen, rawset = rawset, select = select, tonumber = tonumber,
  tostring = tostring, type = type, unpack = unpack, _VERSION = _VERSION,
  math = math, utf8 = utf8, string = string,
  table = {concat = concat, pack = table.pack, sort = table.sort, unpack = unpack},
}
G._G = G
function G.pcall(f, ...) return guarded(pcall(f, ...)) end
function G.getmetatable(t) return type(t) == "table" and getmetatable(t) or nil end
function G.setmetatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then error("__gc is not run", 2) end
  return setmetatable(t, meta)
end
function G.table.insert(t, at, value)
  local size = rawlen(t)
  if value == nil then t[size + 1] = at return end
  if at < 1 or at > size + 1 then error("the position is out of bounds", 2) end
  for i = size, at, -1 do t[i + 1] = t[i] end
  t[at] = value
end
function G.table.remove(t, at)
  local size = rawlen(t)
  at = at or size
  local gone = t[at]
  for i = at, size do t[i] = t[i + 1] end
  return gone
end

local function bounded(f)  -- of a text and a pattern
  return function(text, pattern, ...)
    text, pattern = tostring(text), tostring(pattern)
    local steps = sub(pattern, 1, 1) == "^" and 1 or len(text) + 1
    steps = steps * (1 + len(pattern) // 256)  -- a long set is looked through each time
    -- what may look at all of the text, at each place: repeats, balanced brackets, captures again
    for _, what in pairs({"[*+?-]", "%%[b1-9]"}) do
      for _ in gmatch(pattern, what) do
        if steps <= max_steps then steps = steps * (len(text) + 1) end
      end
    end
    if steps > max_steps then error("the pattern would take too long", 3) end
    return f(text, pattern, ...)
  end
end
local function watched(f)
  return function(...)
    local function ended(...) check() return ... end
    return ended(f(...))
  end
end
local rep = string.rep
string.dump = nil
string.find, string.match = watched(bounded(string.find)), watched(bounded(string.match))
string.gsub, string.gmatch = watched(bounded(string.gsub)), watched(bounded(string.gmatch))
function string.rep(text, times, between)
  text, between = tostring(text), between == nil and "" or tostring(between)
  local size = len(text) + len(between)
  if size == 0 or times <= 0 then return "" end
  if size * times > max_repeated then error("the string would be too long", 2) end
  check()
  return rep(text, times, between)
end

local function text_of(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
  return concat(parts, " ")
end
function G.print(...) outside("say", text_of(...)) end
function G.showMessage(...) outside("say", text_of(...)) end
G.ShowMessage = G.showMessage

local function address(where)
  if type(where) == "number" then return floor(where) end
  if type(where) ~= "string" then return nil end
  return (outside("address", where))
end
local function at(where)
  local found = address(where)
  if found == nil then error("nothing is at " .. sub(tostring(where), 1, 80), 3) end
  return found
end
function G.getAddress(where) return at(where) end
function G.getAddressSafe(where) return address(where) end
local function reader(plain, signed, size)
  return function(where, is_signed)
    local found = address(where)
    local raw = found and outside("read", found, size)
    if not raw then return nil end
    return (sunpack(is_signed and signed or plain, raw))
  end
end
local function writer(plain, mask)
  return function(where, value)
    value = value or 0
    if mask then value = floor(value) & mask end
    return (outside("write", at(where), spack(plain, value)))
  end
end
local wide = bits == 64
G.readByte, G.writeByte = reader("<B", "<b", 1), writer("<B", 0xFF)
G.readShortInteger, G.writeShortInteger = G.readByte, G.writeByte
G.readSmallInteger, G.writeSmallInteger = reader("<I2", "<i2", 2), writer("<I2", 0xFFFF)
G.readInteger, G.writeInteger = reader("<I4", "<i4", 4), writer("<I4", 0xFFFFFFFF)
G.readQword, G.writeQword = reader("<i8", "<i8", 8), writer("<i8", -1)
G.readFloat, G.writeFloat = reader("<f", "<f", 4), writer("<f")
G.readDouble, G.writeDouble = reader("<d", "<d", 8), writer("<d")
G.readPointer = wide and G.readQword or G.readInteger
G.writePointer = wide and G.writeQword or G.writeInteger
function G.readBytes(where, count, as_table)
  local found = address(where)
  local raw = found and outside("read", found, count or 1)
  if not raw then return nil end
  local values = {}
  for i = 1, len(raw) do values[i] = byte(raw, i) end
  if as_table then return values end
  return unpack(values)
end
function G.writeBytes(where, first, ...)
  local values = type(first) == "table" and first or {first, ...}
  local parts = {}
  for i = 1, rawlen(values) do parts[i] = char(floor(values[i]) & 0xFF) end
  return (outside("write", at(where), concat(parts)))
end
function G.readString(where, most, is_wide)
  local found = address(where)
  if found == nil then return nil end
  return (outside("text", found, most or 50, is_wide and true or false))
end
function G.writeString(where, text, is_wide)
  text = tostring(text)
  if is_wide then text = outside("widened", text) end
  return (outside("write", at(where), text))
end

local function listed(raw)
  if raw == "" then return nil end
  local list = {Count = len(raw) // 8}
  for i = 0, list.Count - 1 do list[i] = format("%X", (sunpack("<i8", raw, 8 * i + 1))) end
  function list.getCount() return list.Count end
  function list.getString(i) return list[i] end
  function list.destroy() end
  return list
end
local function first(raw)
  if raw == "" then return nil end
  return (sunpack("<i8", raw))
end
function G.AOBScan(bytes) return listed(outside("find", tostring(bytes), "")) end
function G.AOBScanUnique(bytes) return first(outside("find", tostring(bytes), "")) end
function G.AOBScanModule(module, bytes)
  return listed(outside("find", tostring(bytes), tostring(module)))
end
function G.AOBScanModuleUnique(module, bytes)
  return first(outside("find", tostring(bytes), tostring(module)))
end
function G.registerSymbol(name, where) outside("register", tostring(name), at(where)) end
function G.unregisterSymbol(name) outside("unregister", tostring(name)) end
function G.targetIs64Bit() return wide end
function G.getOpenedProcessID() return pid end
function G.getCEVersion() return 7.5 end
G.process = process

function G.bAnd(a, b) return a & b end
function G.bOr(a, b) return a | b end
function G.bXor(a, b) return a ~ b end
function G.bNot(a) return ~a end
function G.bShl(a, b) return a << b end
function G.bShr(a, b) return a >> b end
local function to_table(plain)
  return function(value)
    local raw, values = spack(plain, value), {}
    for i = 1, len(raw) do values[i] = byte(raw, i) end
    return values
  end
end
local function from_table(plain, size)
  return function(values)
    local parts = {}
    for i = 1, size or rawlen(values) do parts[i] = char(values[i]) end
    local raw = concat(parts)
    if plain == nil then return raw end
    return (sunpack(plain, raw))
  end
end
local forms = {word = "<I2", dword = "<I4", qword = "<i8", float = "<f", double = "<d"}
for name, form in pairs(forms) do
  local called = upper(sub(name, 1, 1)) .. sub(name, 2)
  G[name .. "ToByteTable"] = to_table(form)
  G["byteTableTo" .. called] = from_table(form, string.packsize(form))
end
G.stringToByteTable = function(text)
  local values = {}
  for i = 1, len(text) do values[i] = byte(text, i) end
  return values
end
G.byteTableToString = from_table(nil)

"""
_RUNNING: Final = """
local known = {}
for name in pairs(G) do known[#known + 1] = name end

local function run(text)
  local piece, why = load(text, "=script", "t", G)
  if piece == nil then return false, why end
  spent = nil
  sethook(check, "", look)
  local fine, value = pcall(piece, checking, entry)
  sethook()
  if spent ~= nil then return false, spent end
  if not fine then return false, type(value) == "string" and value or "it fails" end
  local kind = type(value)
  if kind == "string" or kind == "number" then return true, tostring(value) end
  return true, ""
end
local function compiled(text)
  local piece, why = load(text, "=script", "t", G)
  return piece ~= nil, why or ""
end
return run, compiled, concat(known, " ")
"""

PRELUDE: Final = _LANGUAGE + OBJECTS + _RUNNING

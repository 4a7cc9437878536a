"""Objects of Cheat Engine that scripts compute with: scans for bytes, modules, the entry itself.

A part of the text of :mod:`.lua_prelude`, whose functions it uses.
"""

from __future__ import annotations

from typing import Final

OBJECTS: Final = """
local function method_of(object, f)  -- called with a dot or with a colon
  return function(first, ...)
    if first == object then return f(...) end
    return f(first, ...)
  end
end
local function nothing() end

-- Scans for arrays of bytes.
G.soExactValue, G.vtByteArray = 1, 8
G.fsmNotAligned, G.fsmAligned, G.fsmLastDigits = 0, 1, 2
local scans = setmetatable({}, {__mode = "k"})
function G.createMemScan()
  local scan = {}
  scans[scan] = ""
  scan.firstScan = method_of(scan, function(option, kind, _, bytes, _, first, last)
    if option ~= G.soExactValue or kind ~= G.vtByteArray then
      error("only arrays of bytes are looked for here", 3)
    end
    local from, to = address(first or 0), address(last or -1)
    scans[scan] = outside("find", tostring(bytes), "", from or 0, to or -1)
    scan.Result = scans[scan] ~= "" and (sunpack("<i8", scans[scan])) or nil
  end)
  for _, name in pairs({"newScan", "waitTillDone", "destroy", "setOnlyOneResult"}) do
    scan[name] = nothing
  end
  function scan.getOnlyResult() return scan.Result end
  return scan
end
function G.createFoundList(scan)
  local list = {Count = 0}
  list.initialize = method_of(list, function()
    local raw = scans[scan] or ""
    list.Count, list.Address = len(raw) // 8, {}
    for i = 0, list.Count - 1 do
      list[i] = format("%X", (sunpack("<i8", raw, 8 * i + 1)))
      list.Address[i] = list[i]
    end
  end)
  function list.getCount() return list.Count end
  list.getAddress = method_of(list, function(i) return list[i] end)
  list.deinitialize, list.destroy = nothing, nothing
  return list
end

-- Modules, and which process is open: this one, whatever is asked for.
function G.enumModules(which)
  local modules = {}
  if which ~= nil and which ~= pid then return modules end
  for name, path, base, size in gmatch(outside("modules"), "(.-)\\0(.-)\\0(.-)\\0(.-)\\0") do
    modules[#modules + 1] = {
      Name = name, PathToFile = path, Address = math.tointeger(tonumber(base)),
      Size = math.tointeger(tonumber(size)), Is64Bit = wide,
    }
  end
  return modules
end
function G.getModuleSize(name)
  for _, module in pairs(G.enumModules()) do
    if lower(module.Name) == lower(tostring(name)) then return module.Size end
  end
  return nil
end
function G.getFileVersion() return nil end  -- which is not known here
function G.openProcess(which)
  return checking or which == pid or lower(tostring(which)) == lower(process)
end
function G.getProcessIDFromProcessName(name)
  return lower(tostring(name)) == lower(process) and pid or nil
end

-- Time, and who runs what: there is one thread here.
function G.getTickCount() return (outside("clock")) end
function G.sleep(milliseconds) outside("sleep", milliseconds) end
function G.synchronize(f, ...) return f(...) end
function G.autoAssemble(text, itself)
  if itself == true then error("Cheat Engine is not here to be changed", 2) end
  local fine = outside("assemble", tostring(text))
  check()  -- it takes long, and few instructions
  return fine
end

-- Questions are shown, and nothing is answered to them.
function G.messageDialog(...) outside("say", tostring((...))) return 0 end

-- What serves Cheat Engine's own windows and symbols, which are not here.
local window = setmetatable({}, {__index = function() return nothing end, __newindex = nothing})
function G.getLuaEngine() return window end
G.GetLuaEngine, G.closeLuaEngine, G.clearLuaLog = G.getLuaEngine, nothing, nothing
G.registerLuaFunctionHighlight, G.unregisterLuaFunctionHighlight = nothing, nothing
G.reinitializeSymbolhandler, G.waitForPDB = nothing, nothing
local function set_of_entry(_, key)
  if lower(tostring(key)) == "active" then error("it switches itself off or on", 2) end
end
local entry = setmetatable({}, {__newindex = set_of_entry, __metatable = false})
"""

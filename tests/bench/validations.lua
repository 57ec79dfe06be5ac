-- wrk: many officers ask about many numbers, one in four right and the rest never issued.
-- The texts are made before the clock starts: what is measured is the server, not this script.
local officers = {}
for line in io.lines(os.getenv("SCRATCH") .. "/officers") do officers[#officers + 1] = line end
local number, birth
for line in io.lines(os.getenv("SCRATCH") .. "/pairs") do number, birth = line:match("(%S+) (%S+)") end
local alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
local function made_up()
  local check, text = 1, ""
  for _ = 1, 11 do
    local digit = math.random(0, 31)
    text = text .. alphabet:sub(digit + 1, digit + 1)
    check = bit.bxor(check, digit)
    check = bit.band(bit.bxor(bit.lshift(check, 1), bit.band(check, 16) ~= 0 and 0x25 or 0), 31)
  end
  text = text .. alphabet:sub(check + 1, check + 1)
  return text:sub(1, 4) .. "-" .. text:sub(5, 8) .. "-" .. text:sub(9, 12)
end
local texts = {}
local turn = 0

function init(args)
  for i = 1, 1000 do
    for _, officer in ipairs(officers) do
      texts[#texts + 1] = wrk.format("POST", "/v1/validations",
        {["Authorization"] = "Bearer " .. officer, ["Content-Type"] = "application/json"},
        string.format('{"confirmation_number":"%s","date_of_birth":"%s","purpose":"transit"}',
          i % 4 == 0 and number or made_up(), birth))
    end
  end
end

function request()
  turn = turn % #texts + 1
  return texts[turn]
end

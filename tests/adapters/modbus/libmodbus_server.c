/* An independent Modbus TCP server on libmodbus, with values laid out by hand. Usage: server PORT
 *
 * Holding registers 100 to 199, input registers 0 to 9, coils and discrete inputs 0 to 19. Requests that touch
 * holding register 150 are answered with exception 2, those that touch 160 with exception 4 (device failure).
 */
#include <errno.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST 100
#define COUNT 100

static uint16_t swapped(uint16_t word) { return (uint16_t)(word << 8 | word >> 8); }

/* Put a big-endian number of `words` registers, the registers or their bytes turned round. */
static void put(uint16_t *place, uint64_t bits, int words, int little_words, int little_bytes) {
    for (int i = 0; i < words; i++) {
        uint16_t word = (uint16_t)(bits >> (16 * (words - 1 - i)));
        place[little_words ? words - 1 - i : i] = little_bytes ? swapped(word) : word;
    }
}

static void fill(modbus_mapping_t *map) {
    uint16_t *holding = map->tab_registers;
    float single = 21.4f;
    double twice = -1234.5678;
    uint32_t single_bits;
    uint64_t double_bits;
    memcpy(&single_bits, &single, sizeof single);
    memcpy(&double_bits, &twice, sizeof twice);
    for (int order = 0; order < 4; order++) {
        put(holding + 2 * order, single_bits, 2, order & 1, order >> 1);
        put(holding + 10 + 4 * order, double_bits, 4, order & 1, order >> 1);
        put(holding + 30 + 2 * order, (uint32_t)-123456789, 2, order & 1, order >> 1);
    }
    put(holding + 38, UINT64_C(0xFEDCBA9876543210), 4, 0, 0);
    const char *text = "FILL-07";
    for (int i = 0; i < 4; i++) holding[42 + i] = (uint16_t)(text[2 * i] << 8 | (uint8_t)text[2 * i + 1]);
    holding[46] = 0x8001;
    holding[47] = 235;
    map->tab_input_registers[3] = (uint16_t)-2;
    map->tab_bits[3] = 1;
    map->tab_input_bits[17] = 1;
}

/* Exception to force on a request, or 0. */
static int refusal(const uint8_t *query, int header) {
    int function = query[header];
    int start = query[header + 1] << 8 | query[header + 2];
    int count = function == 6 ? 1 : query[header + 3] << 8 | query[header + 4];
    if (function != 3 && function != 6 && function != 16) return 0;
    if (start <= 150 && 150 < start + count) return MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS;
    if (start <= 160 && 160 < start + count) return MODBUS_EXCEPTION_SLAVE_OR_SERVER_FAILURE;
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    modbus_mapping_t *map = modbus_mapping_new_start_address(0, 20, 0, 20, FIRST, COUNT, 0, 10);
    int listening = modbus_tcp_listen(modbus, 4);
    if (map == NULL || listening < 0) return 1;
    fill(map);
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (modbus_tcp_accept(modbus, &listening) < 0) return 1;
        for (;;) {
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            int length = modbus_receive(modbus, query);
            if (length < 0) break;
            if (length == 0) continue;
            int code = refusal(query, modbus_get_header_length(modbus));
            if (code) modbus_reply_exception(modbus, query, (unsigned int)code);
            else modbus_reply(modbus, query, length, map);
        }
        close(modbus_get_socket(modbus));
    }
}
